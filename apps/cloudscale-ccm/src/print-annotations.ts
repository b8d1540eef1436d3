// Writes docs/annotations/cloudscale.md. Run in apps/cloudscale-ccm: npm run docs
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { annotationsPage } from './annotation-docs.ts';

writeFileSync(path.join(import.meta.dirname, '../../../docs/annotations/cloudscale.md'), annotationsPage());
