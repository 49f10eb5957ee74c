/** Deleting runs: what that changes, said before; and a way to bring them back, offered after. */
import { Dialog, Notification, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Api } from '../api';
import { asFailure } from './watch';

export interface IDeletion {
  ids: string[];
  /** Who the audit log will name. */
  who: string;
  /** Registered models that came of the runs, in words: they stay. */
  kept?: string[];
  /** Called after runs went, and after they came back. */
  changed(): void;
}

/** Ask, delete, and offer to restore; returns whether they were deleted. */
export async function deleteRuns(api: Api, trans: TranslationBundle, deletion: IDeletion): Promise<boolean> {
  const { ids, who, kept = [] } = deletion;
  const lines = [
    trans._n(
      'It disappears from every list, and can be restored until “nbledger gc” runs.',
      'They disappear from every list, and can be restored until “nbledger gc” runs.',
      ids.length
    ),
    ...(kept.length > 0 ? [trans.__('%1 stays registered, with its model.', kept.join(', '))] : []),
    trans._n('The deletion and an event of the audit are recorded as %2.', '%1 deletions and as many events of the audit are recorded as %2.', ids.length, who)
  ];
  const { button } = await showDialog({
    title: trans._n('Delete %1 Run?', 'Delete %1 Runs?', ids.length),
    body: (
      <ul className="jp-nbledger-Lines">
        {lines.map((words, place) => (
          <li key={place}>{words}</li>
        ))}
      </ul>
    ),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label: trans.__('Delete') })],
    defaultButton: 0
  });
  if (!button.accept) {
    return false;
  }
  for (const id of ids) {
    await api.delete(id);
  }
  deletion.changed();
  Notification.info(trans._n('%1 run deleted', '%1 runs deleted', ids.length), {
    autoClose: 10_000,
    actions: [{ label: trans.__('Restore'), callback: () => void restoreRuns(api, trans, deletion) }]
  });
  return true;
}

/** Bring runs back that are not swept yet. */
export async function restoreRuns(api: Api, trans: TranslationBundle, { ids, changed }: Pick<IDeletion, 'ids' | 'changed'>): Promise<void> {
  try {
    for (const id of ids) {
      await api.restore(id);
    }
  } catch (error) {
    const { message, remedy } = asFailure(error);
    await showErrorMessage(trans.__('Not restored'), [message, remedy].filter(Boolean).join('\n'));
  }
  changed();
}
