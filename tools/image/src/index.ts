// What other tools take from here.
export { digestOf, packTar } from './archive.ts';
export type { Entry } from './archive.ts';
