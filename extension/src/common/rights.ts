/** What a user may not do with a ledger, and why: the reason stands where something is greyed out. */
import { PageConfig } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IAbout } from '../api';

/** Whether the server lets this user start no kernels and write no files, as it does with viewers. */
export const runsNothing = PageConfig.getOption('nbledgerRunsNothing') === 'true';

/** Why the user may not do it; an empty text where it is allowed. */
export function whyNot(trans: TranslationBundle, about: IAbout, action: 'write' | 'promote'): string {
  if (about.may[action]) {
    return '';
  }
  if (about.read_only) {
    return trans.__('The server can read this ledger but not write to it: give its account the right to write to the folder .nbledger.');
  }
  return action === 'promote'
    ? trans.__('Your role on this server, %1, may not promote: an approver does.', about.role)
    : trans.__('Your role on this server, %1, lets you look but not run.', about.role);
}
