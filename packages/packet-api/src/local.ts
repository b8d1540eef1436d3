// What a program on a machine needs without calling the API: IDs, settings, the metadata service, and the meaning of errors. No file
// behind this entry loads an HTTP library (local.spec.ts); packet-api's main entry has all of this too.
export * from './ids.ts';
export * from './device-metadata.ts';
export * from './metadata-service.ts';
export { endOfServiceNotice, METADATA_URL, PACKET_URL, SERVICE_END } from './service-end.ts';
export { isForbidden, refusalOf } from './classify.ts';
export type { Refusal } from './classify.ts';
export * from './settings/cloud-config.ts';
export * from './settings/cloud-config-file.ts';
export * from './settings/packet-settings.ts';
export * from './settings/setting-row.ts';
