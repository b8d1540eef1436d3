// Writes releases/validating-admission-policy.yml. Run in apps/do-ccm: npm run docs
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { policyPage } from './policy-page.ts';

writeFileSync(path.join(import.meta.dirname, '../../releases/validating-admission-policy.yml'), policyPage());
