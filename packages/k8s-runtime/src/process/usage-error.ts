// The command line was wrong. Carries every problem at once, so that a user needs one round to repair a manifest, not five.
import { never, OperatorError } from '@longshore/reconciler-core';

/** All problems of one command line; each names the flag, the value and what is allowed. */
export class UsageError extends OperatorError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('USAGE', problems.join('; '), never);
    this.name = 'UsageError';
    this.problems = problems;
  }
}
