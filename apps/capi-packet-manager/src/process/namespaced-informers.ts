// `--namespace`: informers that see one namespace only. Controllers ask for kinds and need not know of the flag.
import { InformerSet } from '@longshore/k8s-runtime';
import type {
  Informer,
  InformerSetOptions,
  KubeObject,
  ResourceType,
  SharedInformerOptions,
} from '@longshore/k8s-runtime';

/** The shared informers of the process; empty namespace: all. */
export class NamespacedInformers extends InformerSet {
  readonly #namespace: string;

  constructor(options: InformerSetOptions & { readonly namespace: string }) {
    super(options);
    this.#namespace = options.namespace;
  }

  override for<T extends KubeObject>(type: ResourceType<T>, options: SharedInformerOptions<T> = {}): Informer<T> {
    if (this.#namespace === '' || !type.isNamespaced) return super.for(type, options);
    return super.for(type, { ...options, selection: { namespace: this.#namespace, ...options.selection } });
  }
}
