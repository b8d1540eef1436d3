// Writes docs/annotations/digitalocean.md. Run in apps/do-ccm: npm run docs
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { annotationsPage } from './annotation-docs.ts';

writeFileSync(path.join(import.meta.dirname, '../../../docs/annotations/digitalocean.md'), annotationsPage());
