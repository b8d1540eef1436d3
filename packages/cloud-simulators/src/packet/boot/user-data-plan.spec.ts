// What user data makes a machine do; the scripts that come of files are really run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { planFirstBoot, quote } from './user-data-plan.ts';

const names = { id: '1234', hostname: 'node-1' };

const scriptOf = (userData: string): string => {
  const plan = planFirstBoot(userData, names);
  if (plan.kind !== 'script') throw new Error(`no script: ${JSON.stringify(plan)}`);
  return plan.script;
};

describe('user data', () => {
  test('that is empty does nothing, and a script is run as it is', () => {
    expect(planFirstBoot('\n', names)).toEqual({ kind: 'nothing' });
    const script = '#!/usr/bin/env python3\nprint(1)\n';
    expect(planFirstBoot(script, names)).toEqual({ kind: 'script', script, notes: [] });
  });

  test.each([
    { userData: 'echo hello\n', says: /neither "#!" nor "#cloud-config"/ },
    { userData: '#!/bin/sh\r\necho hello\r\n', says: /Windows line ends/ },
    { userData: '#cloud-config\nruncmd: [a\n', says: /not valid YAML/ },
    { userData: 'Content-Type: multipart/mixed; boundary="x"\n', says: /neither/ },
  ])('$userData is refused', ({ userData, says }) => {
    expect(planFirstBoot(userData, names)).toEqual({ kind: 'refused', why: expect.stringMatching(says) });
  });

  test('commands are lines for the shell, or programs with their words, in a script of their own', () => {
    const script = scriptOf("#cloud-config\nruncmd:\n  - a | b\n  - [c, 'd e', 5]\nbootcmd: [first]\n");
    expect(script).toMatch(/^#!\/bin\/sh\nfirst\n/);
    const [, encoded = ''] =
      /base64 -d <<'END' > \/var\/lib\/cloud\/instance\/scripts\/runcmd\n([^]*?)\nEND/.exec(script) ?? [];
    expect(Buffer.from(encoded, 'base64').toString()).toBe("#!/bin/sh\na | b\nc 'd e' 5\n");
    expect(script.trim().split('\n').at(-1)).toBe('exec /var/lib/cloud/instance/scripts/runcmd');
  });

  test('templates know the name of the machine', () => {
    const script = scriptOf(
      '## template: jinja\n#cloud-config\nbootcmd: ["echo {{ ds.meta_data.hostname }} {{ other }}"]\n',
    );
    expect(script).toContain('echo node-1 {{ other }}\n');
  });

  test('what is not understood is said, what is harmless is not', () => {
    const plan = planFirstBoot('#cloud-config\nusers: []\npackage_update: true\nfs_setup: []\n', names);
    expect(plan).toMatchObject({ notes: ['cloud-config: "fs_setup" is ignored on simulated machines'] });
  });

  test('packages are installed before what is deferred and after other files', () => {
    const script = scriptOf(
      '#cloud-config\npackages: [jq, [kubelet, 1.36.3-1.1]]\nwrite_files:\n  - {path: /late, defer: true}\n  - {path: /early}\n',
    );
    const places = ['> /early', 'apt-get install -y jq kubelet=1.36.3-1.1', '> /late'].map((text) =>
      script.indexOf(text),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });
});

describe('files', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'longshore-user-data-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (fields: string): string => {
    const path = join(folder, 'sub', "it's a file");
    const script = scriptOf(`#cloud-config\nwrite_files:\n  - path: ${JSON.stringify(path)}\n    ${fields}\n`);
    execFileSync('sh', ['-ec', script]);
    return path;
  };

  const tricky = `$(rm -rf /) "quotes' \\ END\nEND\n`;

  test.each([
    { when: 'plain', fields: `content: ${JSON.stringify(tricky)}` },
    { when: 'in base64', fields: `encoding: b64\n    content: ${Buffer.from(tricky).toString('base64')}` },
    { when: 'packed', fields: `encoding: gz+b64\n    content: ${gzipSync(tricky).toString('base64')}` },
  ])('$when have their content', ({ fields }) => {
    expect(readFileSync(write(fields), 'utf8')).toBe(tricky);
  });

  test.each([
    { permissions: "'0600'", mode: 0o600 },
    { permissions: '0600', mode: 0o600 },
    { permissions: "'0755'", mode: 0o755 },
  ])('permissions $permissions', ({ permissions, mode }) => {
    expect(statSync(write(`permissions: ${permissions}`)).mode & 0o777).toBe(mode);
  });

  test('append', () => {
    write('content: a');
    expect(readFileSync(write('append: true\n    content: b'), 'utf8')).toBe('ab');
  });
});

test('words are quoted for the shell', () => {
  expect(execFileSync('sh', ['-c', `printf %s ${quote("it's $HOME")}`]).toString()).toBe("it's $HOME");
});
