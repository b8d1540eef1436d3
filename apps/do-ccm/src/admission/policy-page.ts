// The manifest releases/validating-admission-policy.yml. Pure; print-policy.ts writes the file, a spec compares it.
import { ANNOTATIONS } from '../annotations.ts';
import { policyRules } from './policy-rules.ts';
import type { PolicyRule } from './policy-rules.ts';

const NAME = 'digitalocean-load-balancer-annotations';
const DISOWN = ANNOTATIONS.disown;

const POLICY = `# Refuses Services whose load balancer annotations have values that do-ccm would not take, without any server: kube-apiserver checks them.
# Single values only; what annotations mean together, and what DigitalOcean thinks of it, the admission server checks.
# Written by apps/do-ccm/src/admission/print-policy.ts from apps/do-ccm/src/annotations.ts: change the table there, then npm run docs.
# kubectl apply -f releases/validating-admission-policy.yml
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: ${NAME}
spec:
  failurePolicy: Ignore
  matchConstraints:
    resourceRules:
      - apiGroups: ['']
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [services]
  matchConditions:
    - name: load-balancer-of-this-program
      expression: 'has(object.spec.type) && object.spec.type == "LoadBalancer" && !has(object.spec.loadBalancerClass)'
    - name: not-being-deleted
      expression: '!has(object.metadata.deletionTimestamp)'
    - name: not-disowned
      expression: '!has(object.metadata.annotations) || !("${DISOWN.key}" in object.metadata.annotations) || !(object.metadata.annotations["${DISOWN.key}"] in ["1", "t", "T", "TRUE", "true", "True"])'
  variables:
    - name: annotations
      expression: 'has(object.metadata.annotations) ? object.metadata.annotations : {}'
    - name: before
      expression: 'oldObject != null && has(oldObject.spec.type) && oldObject.spec.type == "LoadBalancer" && has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {}'
    # A value that was there before stays as it is: a Service that is wrong can still be labelled.
    - name: changed
      expression: 'variables.annotations.filter(key, !(key in variables.before) || variables.before[key] != variables.annotations[key])'
  validations:
`;

const BINDING = `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: ${NAME}
spec:
  policyName: ${NAME}
  validationActions: [Deny] # or [Warn] to begin with
`;

/** The manifest. */
export function policyPage(): string {
  return `${POLICY}${policyRules().map(textOf).join('')}${BINDING}`;
}

function textOf({ expression, messageExpression, message }: PolicyRule): string {
  return `    - expression: ${quoted(expression)}
      messageExpression: ${quoted(messageExpression)}
      message: ${quoted(message)}
`;
}

/** A text as YAML. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
