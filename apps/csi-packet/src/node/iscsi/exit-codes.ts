// What iscsiadm's exit codes mean for us. Pure. Source: open-iscsi, include/iscsi_err.h; stable for years.

/** What to do about an exit code. */
export type IscsiOutcome =
  /** Done, or as if: somebody had done it before. */
  | 'done'
  /** This portal does not answer: another one may. */
  | 'portal-down'
  /** Another try may succeed. */
  | 'try-again'
  /** The host's iscsid is not running or not of this version. */
  | 'host-unfit'
  /** Trying again changes nothing. */
  | 'refused';

/** What iscsiadm was asked to do. */
export type IscsiAction = 'discover' | 'login' | 'logout' | 'forget' | 'sessions' | 'rescan';

const NO_OBJECTS = 21;
const SESSION_NOT_FOUND = 2;
const SESSION_EXISTS = 15;
const NOT_CONNECTED = 32;

// Codes that mean success for one action only.
const DONE: Readonly<Record<IscsiAction, readonly number[]>> = {
  discover: [],
  login: [SESSION_EXISTS],
  logout: [SESSION_NOT_FOUND, NO_OBJECTS, NOT_CONNECTED],
  forget: [NO_OBJECTS],
  sessions: [NO_OBJECTS],
  rescan: [],
};

const MEANING: Readonly<Record<number, { readonly outcome: IscsiOutcome; readonly text: string }>> = {
  2: { outcome: 'try-again', text: 'the session was not found' },
  4: { outcome: 'portal-down', text: 'no connection to the portal' },
  5: { outcome: 'try-again', text: 'the login failed' },
  6: { outcome: 'host-unfit', text: "iscsid's database cannot be used (is iscsiadm of iscsid's version?)" },
  7: { outcome: 'refused', text: 'iscsiadm does not know an argument' },
  8: { outcome: 'portal-down', text: 'the portal does not answer' },
  9: { outcome: 'try-again', text: 'iscsid failed' },
  10: { outcome: 'try-again', text: 'the logout failed' },
  11: { outcome: 'portal-down', text: 'the target does not answer' },
  12: { outcome: 'host-unfit', text: 'the iSCSI transport module is not loaded (modprobe iscsi_tcp)' },
  13: { outcome: 'host-unfit', text: 'permission denied: the container has to be privileged' },
  15: { outcome: 'try-again', text: 'the session exists already' },
  18: { outcome: 'host-unfit', text: 'iscsid does not answer' },
  19: { outcome: 'refused', text: 'the target refuses the login for good' },
  20: { outcome: 'host-unfit', text: 'iscsid is not running (systemctl enable --now iscsid)' },
  // At a discovery: the target does not know the initiator, or not yet.
  21: { outcome: 'try-again', text: 'the portal shows no such target (does it know the initiator name?)' },
  24: { outcome: 'refused', text: 'the target refuses the initiator' },
  28: { outcome: 'try-again', text: 'busy' },
  29: { outcome: 'try-again', text: 'a passing failure' },
  32: { outcome: 'try-again', text: 'the session is not connected' },
  33: { outcome: 'portal-down', text: "iscsid's request timed out" },
};

/** The meaning of an exit code; `undefined` as code: the command was killed, because it took too long. */
export function meaningOf(
  action: IscsiAction,
  code: number | undefined,
): { readonly outcome: IscsiOutcome; readonly text: string } {
  if (code === 0) return { outcome: 'done', text: '' };
  if (code === undefined) return { outcome: 'portal-down', text: 'iscsiadm hung and was ended' };
  if (DONE[action].includes(code)) return { outcome: 'done', text: '' };
  return MEANING[code] ?? { outcome: 'try-again', text: `iscsiadm ended with ${code}` };
}
