// The manager is killed at every call of a machine's life, before the call or between the call and its answer, and another one goes on: never
// a second server for one Machine, none that stays. One real API server for all cases; what etcd holds is put back before each.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import type { CallMark, Wound } from '../test-support/interruption/call-ledger.ts';
import { longRunsOnly } from '../test-support/site/long-runs.ts';
import { liveOnce, MASTER, WORKER } from './test-support/interrupted-life.ts';
import type { Life } from './test-support/interrupted-life.ts';
import { Objects } from './test-support/manager-run.ts';

const FIRST_BUILD_MS = 1_800_000;
const MATRIX_MS = 3_600_000;
/** Lists come again and again: the first ones are those that differ. */
const MOST_READS = 3;

let plane: ControlPlane;
let restore: () => Promise<void>;

beforeAll(async () => {
  plane = await startControlPlane({ onProgress: (message) => void process.stderr.write(`${message}\n`) });
  await new Objects(plane, () => '').install();
  const checkpoint = await plane.checkpoint();
  restore = () => checkpoint.restore();
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());

async function live(wound?: Wound): Promise<Life> {
  await restore();
  return liveOnce(plane, wound);
}

function woundsOf(marks: readonly CallMark[]): readonly Wound[] {
  const worth = marks.filter(({ name, nth }) => !name.startsWith('GET ') || nth <= MOST_READS);
  return worth.flatMap((mark) => [false, true].map((isDone) => ({ ...mark, isDone })));
}

/** The calls that make and remove servers, and of the others a few, spread evenly. */
function sampleOf(wounds: readonly Wound[]): readonly Wound[] {
  const isTelling = ({ name, nth }: Wound): boolean => nth === 1 && /^(?:POST|DELETE) .*\/devices/.test(name);
  const telling = wounds.filter(isTelling);
  const others = wounds.filter((wound) => !isTelling(wound) && !wound.name.startsWith('GET '));
  return [...telling, ...others.filter((_, index) => index % Math.ceil(others.length / 3) === 1)];
}

test(
  'CA row M6 CA row M7 CA row R11 killed at calls of their lives, master and worker have one server each and then none',
  async () => {
    const whole = await live();
    const once = { devicesEver: { [MASTER]: 1, [WORKER]: 1 }, mostOfOne: 1, left: 0 };
    expect(whole).toMatchObject(once);
    const wounds = woundsOf(whole.marks);
    expect(wounds.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^POST .*\/devices$/),
        expect.stringMatching(/^DELETE .*\/devices\/\{id\}$/),
        expect.stringMatching(/^PUT .*\/devices\/\{id\}$/),
        expect.stringMatching(/^PATCH .*\/machines\/m-0$/),
        expect.stringMatching(/^PATCH .*\/machines\/w-0\/status$/),
        expect.stringMatching(/^POST .*\/secrets$/),
        expect.stringMatching(/^PATCH .*\/nodes\/w-0$/),
        expect.stringMatching(/^DELETE .*\/nodes\/w-0$/),
      ]),
    );
    const chosen = longRunsOnly() === undefined ? wounds : sampleOf(wounds);
    let missed = 0;
    for (const wound of chosen) {
      const { marks: _marks, wasKilled, ...seen } = await live(wound);
      if (wasKilled !== true) missed += 1;
      expect({ wound, ...seen }).toEqual({ wound, ...once });
    }
    // What runs side by side need not come to the same number of calls; that it does not at all would be a test that shows nothing.
    expect(missed).toBeLessThan(chosen.length / 4);
  },
  MATRIX_MS,
);
