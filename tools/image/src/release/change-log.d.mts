/** The change log with the section of a version; once more for the same version changes nothing. */
export function releasedChangeLog(text: string, version: string, date: string): string;
/** What the change log says of a version; `undefined` when it has no such section. */
export function sectionOf(text: string, version: string): string | undefined;
