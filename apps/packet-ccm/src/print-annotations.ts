// Writes docs/annotations/packet.md. Run in apps/packet-ccm: node --conditions=@longshore/source src/print-annotations.ts
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { annotationsPage } from './annotation-docs.ts';

writeFileSync(path.join(import.meta.dirname, '../../../docs/annotations/packet.md'), annotationsPage());
