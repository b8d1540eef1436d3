// `npm run gen`: writes src/gen anew. Needs Go, for the modules that the protocol files come from.
import { join } from 'node:path';
import { generateProtos, writeGenerated } from './protos.ts';

const files = await generateProtos();
if (files === undefined)
  throw new Error('the Go modules of csi.proto cannot be had: is Go installed, is its proxy reachable?');
await writeGenerated(join(import.meta.dirname, '../gen'), files);
