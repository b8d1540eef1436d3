// The four controllers by name: flag names, aliases, client names (spec §6.2), and which of them `--controllers` chooses. Pure.

/** One controller of the program. */
export interface ControllerName {
  /** As in `--controllers` and on `/healthz`. */
  readonly name:
    'cloud-node-controller' | 'cloud-node-lifecycle-controller' | 'service-lb-controller' | 'node-route-controller';
  readonly alias: string;
  /** User agent suffix, and the service account with `--use-service-account-credentials`. */
  readonly client: 'node-controller' | 'service-controller' | 'route-controller';
  /** `source.component` of its events. */
  readonly component: string;
  /** Label `name` of `running_managed_controllers`. */
  readonly gauge: string;
}

/** In the order of their start. */
export const controllerNames: readonly ControllerName[] = [
  {
    name: 'cloud-node-controller',
    alias: 'cloud-node',
    client: 'node-controller',
    component: 'cloud-node-controller',
    gauge: 'cloud-node',
  },
  {
    name: 'cloud-node-lifecycle-controller',
    alias: 'cloud-node-lifecycle',
    client: 'node-controller',
    component: 'cloud-node-lifecycle-controller',
    gauge: 'cloud-node-lifecycle',
  },
  {
    name: 'service-lb-controller',
    alias: 'service',
    client: 'service-controller',
    component: 'service-controller',
    gauge: 'service',
  },
  {
    name: 'node-route-controller',
    alias: 'route',
    client: 'route-controller',
    component: 'route_controller',
    gauge: 'route',
  },
];

/** The controllers that a list chooses, or what is wrong with the list. An explicit name beats `*`, the first match wins. */
export function parseControllers(
  list: readonly string[],
): { readonly chosen: ReadonlySet<ControllerName['name']> } | { readonly problem: string } {
  const words = list.map((word) => ({ word, name: nameOf(word.replace(/^-/, '')), isOn: !word.startsWith('-') }));
  const unknown = words.filter(({ word, name }) => word !== '*' && name === undefined).map(({ word }) => `"${word}"`);
  if (unknown.length > 0) {
    return {
      problem: `names ${unknown.join(', ')}, which ${unknown.length > 1 ? 'are' : 'is'} not known. ${controllerNamesHelp()}`,
    };
  }
  const isOn = (name: ControllerName['name']): boolean =>
    words.find((word) => word.name === name)?.isOn ?? words.some(({ word }) => word === '*');
  return { chosen: new Set(controllerNames.map(({ name }) => name).filter(isOn)) };
}

/** `All controllers: … (…)`. */
export function controllerNamesHelp(): string {
  return `All controllers: ${controllerNames.map(({ name, alias }) => `${name} (${alias})`).join(', ')}`;
}

function nameOf(word: string): ControllerName['name'] | undefined {
  return controllerNames.find(({ name, alias }) => name === word || alias === word)?.name;
}
