// People with Docker get the same: the Containerfiles have user, entry and start files of the images that are built here.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startScript } from './app-layer.ts';
import { APP_IMAGES, imageApps, mainFileOf } from './app-names.ts';
import { root } from './config.ts';
import { IMAGE_USER } from './oci.ts';

describe.each(imageApps)('the Containerfile of %s', (app) => {
  const file = readFileSync(path.join(root, 'apps', app, 'Containerfile'), 'utf8');

  test('runs the same program as the same user in the same folder', () => {
    expect(file).toContain('ENTRYPOINT ["/app/node", "/app/main.js"]');
    const user = APP_IMAGES[app].isRoot ? 0 : IMAGE_USER;
    expect(file).toContain(`USER ${user}:${user}\n`);
    expect(file).toContain('WORKDIR /app');
    expect(file).toContain(`RUN nx run @longshore/${app}:build`);
  });

  test.each(APP_IMAGES[app].startPaths)('can be started as $path', ({ path: start, args, program }) => {
    // Debian's /bin is a link to /usr/bin.
    const target = start.replace(/^\/bin\//, '/usr/bin/');
    expect(file).toMatch(new RegExp(`^COPY .*--chmod=755 .* ${target}$`, 'm'));
    const script = startScript({ path: start, ...(args ? { args } : {}) }, mainFileOf(app, program));
    const text =
      script.kind === 'file' ? JSON.stringify(String(script.content)).slice(1, -1).replaceAll('\\"', '"') : '';
    // packet's start files lie beside the program, where an import is all that is needed.
    if (app !== 'packet-ccm') expect(file).toContain(`RUN printf '${text}' > /${path.basename(start)}`);
  });
});
