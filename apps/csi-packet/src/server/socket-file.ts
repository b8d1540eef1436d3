// Makes room for a socket: removes the file that a dead process left, and nothing else. A driver that steals the socket of a living one
// would leave that one running unseen beside it.
import { lstat, mkdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';

const ANSWER_MS = 2_000;

/** The path can be bound afterwards; rejects when something lives there. */
export async function prepareSocketPath(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const kind = await kindOf(path);
  if (kind === 'nothing') return;
  if (kind === 'other') {
    const message = `${path} is there and is no socket: it is left alone; remove it or choose another --endpoint`;
    throw new OperatorError('CSI_SOCKET_PATH_TAKEN', message, never);
  }
  if (!(await isDead(path))) {
    const message = `another process listens on ${path}: stop it first, or choose another --endpoint`;
    throw new OperatorError('CSI_SOCKET_IN_USE', message, never);
  }
  await unlink(path).catch(ignoreMissing);
}

async function kindOf(path: string): Promise<'nothing' | 'socket' | 'other'> {
  try {
    return (await lstat(path)).isSocket() ? 'socket' : 'other';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'nothing';
    throw unusable(path, error);
  }
}

// Only a refused connection proves that nobody listens: no answer in time, or no right to ask, proves nothing.
function isDead(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const finish = (isDeadOne: boolean): void => {
      socket.destroy();
      resolve(isDeadOne);
    };
    socket.setTimeout(ANSWER_MS, () => finish(false));
    socket.once('connect', () => finish(false));
    socket.once('error', (error) => {
      const code = codeOf(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') finish(true);
      else if (code === 'EAGAIN') finish(false);
      else reject(unusable(path, error));
    });
  });
}

function unusable(path: string, error: unknown): OperatorError {
  return new OperatorError('CSI_SOCKET_UNUSABLE', `${path} cannot be used: ${messageOf(error)}`, never, {
    cause: error,
  });
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}
