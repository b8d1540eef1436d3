// `make manifests`: writes provider-components.yaml with placeholders. --image names the image of both StatefulSets, --output the file (`-`:
// standard output), --only-crds leaves out everything but the types. PACKET_API_URL of the environment is put in when it is set.
import { parseArgs } from 'node:util';
import { DEFAULT_IMAGE } from './component-names.ts';
import { appFolder, EMBEDDED_SOURCES } from './embedded-sources.ts';
import { filesOnDisk } from './files-on-disk.ts';
import { crdsYaml, providerComponentsYaml } from './provider-components.ts';
import path from 'node:path';

const { values } = parseArgs({
  options: {
    image: { type: 'string', default: DEFAULT_IMAGE },
    output: { type: 'string', short: 'o', default: 'provider-components.yaml' },
    'only-crds': { type: 'boolean', default: false },
    'machine-configs': { type: 'string', default: path.join(appFolder, EMBEDDED_SOURCES.machineConfigs) },
  },
});

const text = values['only-crds'] ? crdsYaml() : await components();
if (values.output === '-') process.stdout.write(text);
else await filesOnDisk.writeFile(values.output, text, 0o644);

async function components(): Promise<string> {
  const configs = await filesOnDisk.readFile(values['machine-configs']);
  if (configs === undefined) throw new Error(`there is no file ${values['machine-configs']}`);
  const apiUrl = process.env['PACKET_API_URL'] ?? '';
  const machineConfigs = Buffer.from(configs).toString('utf8');
  return providerComponentsYaml({ image: values.image, machineConfigs, ...(apiUrl && { apiUrl }) });
}
