// The manager is killed at every call of a machine's life, before the call or between the call and its answer, and another one goes on: never
// a second server for one Machine, none that stays. Two real API servers for all cases; what etcd holds is put back before each.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startControlPlane, startEtcd } from '@longshore/embedded-control-plane';
import type { Checkpoint, ControlPlane, SharedEtcd } from '@longshore/embedded-control-plane';
import type { CallMark, Wound } from '../test-support/interruption/call-ledger.ts';
import { failuresOf, sliceOf } from '../test-support/interruption/cases.ts';
import { longRunsOnly } from '../test-support/site/long-runs.ts';
import { liveOnce, MASTER, WORKER } from './test-support/interrupted-life.ts';
import type { Life } from './test-support/interrupted-life.ts';
import { Objects } from './test-support/manager-run.ts';

const FIRST_BUILD_MS = 1_800_000;
const MATRIX_MS = 3 * 3_600_000;
/** Lists come again and again: the first ones are those that differ. */
const MOST_READS = 3;
/** More writes of one kind would be a loop: there are a handful. */
const MOST_OF_ONE_WRITE = 60;

/** Where lives are lived, one at a time: they mostly wait. */
interface Place {
  readonly plane: ControlPlane;
  readonly checkpoint: Checkpoint;
}

let etcd: SharedEtcd;
let places: readonly [Place, ...Place[]];

beforeAll(async () => {
  etcd = await startEtcd();
  places = await Promise.all([startPlace(), startPlace()]);
}, FIRST_BUILD_MS);
afterAll(async () => {
  await Promise.all(places.map(({ plane }) => plane.stop()));
  await etcd.stop();
});

async function startPlace(): Promise<Place> {
  const plane = await startControlPlane({ etcd, onProgress: (message) => void process.stderr.write(`${message}\n`) });
  await new Objects(plane, () => '').install();
  return { plane, checkpoint: await plane.checkpoint() };
}

async function live({ plane, checkpoint }: Place, wound?: Wound): Promise<Life> {
  await checkpoint.restore();
  return liveOnce(plane, wound);
}

function woundsOf(marks: readonly CallMark[]): readonly Wound[] {
  const worth = marks.filter(({ name, nth }) => !name.startsWith('GET ') || nth <= MOST_READS);
  return worth.flatMap((mark) => [false, true].map((isDone) => ({ ...mark, isDone })));
}

/** Every life has these: without them there was no server, or it stayed. */
const isTelling = ({ name, nth }: CallMark): boolean => nth === 1 && /^(?:POST|DELETE) .*\/devices/.test(name);

/** The calls that make and remove servers, and of the others a few, spread evenly; first ones, because not every life has the later ones. */
function sampleOf(wounds: readonly Wound[]): readonly Wound[] {
  const telling = wounds.filter(isTelling);
  const others = wounds.filter((wound) => !isTelling(wound) && !wound.name.startsWith('GET ') && wound.nth === 1);
  return [...telling, ...others.filter((_, index) => index % Math.ceil(others.length / 3) === 1)];
}

test(
  'CA row M6 CA row M7 CA row R11 killed at calls of their lives, master and worker have one server each and then none',
  async () => {
    const whole = await live(places[0]);
    const once = { devicesEver: { [MASTER]: 1, [WORKER]: 1 }, mostOfOne: 1, left: 0 };
    expect(whole).toMatchObject(once);
    expect(whole.marks.filter(({ name, nth }) => !name.startsWith('GET ') && nth > MOST_OF_ONE_WRITE)).toEqual([]);
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
    const chosen = longRunsOnly() === undefined ? sliceOf(wounds) : sampleOf(wounds);
    const hit = new Set<Wound>();
    const failures = await failuresOf(places, chosen, async (place, wound) => {
      const { marks: _marks, wasKilled, ...seen } = await live(place, wound);
      if (wasKilled === true) hit.add(wound);
      expect(seen).toEqual(once);
    });
    expect(failures).toEqual([]);
    // What runs side by side need not come to the same number of calls; that it does not at all would be a test that shows nothing.
    expect(chosen.filter((wound) => isTelling(wound) && !hit.has(wound))).toEqual([]);
    expect(hit.size).toBeGreaterThan(chosen.length / 2);
  },
  MATRIX_MS,
);
