// `npm run docs` of this app: writes gen/embedded-files.ts anew.
import { writeFile } from 'node:fs/promises';
import { embeddedFile, embeddedText } from './embedded-sources.ts';

await writeFile(embeddedFile, await embeddedText());
