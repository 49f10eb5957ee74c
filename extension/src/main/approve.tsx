/** Approving a version, or taking that back: what exactly will be recorded, what was looked at, and then doing it. */
import { Dialog, ReactWidget, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IApproval } from '../api';
import { asFailure } from '../common/watch';
import type { IViewProps } from './context';

/** Returns what was done in words; an empty text where nothing was. */
export async function approve(props: IViewProps, model: string, version: number, revoke: boolean): Promise<string> {
  const { api, trans } = props;
  try {
    const tried = await api.approve(model, { version, why: '', revoke, dry_run: true });
    const asked = await showDialog({
      title: revoke ? trans.__('Take Back Your Approval of Version %1?', version) : trans.__('Approve Version %1 of %2?', version, model),
      body: new Body(tried, revoke, trans),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: revoke ? trans.__('Take back') : trans.__('Approve') })
      ],
      defaultButton: 0,
      focusNodeSelector: 'input'
    });
    if (!asked.button.accept) {
      return '';
    }
    const why = (asked.value ?? '').trim();
    return (await api.approve(model, { version, why, revoke, dry_run: false })).message;
  } catch (error) {
    const { message, remedy } = asFailure(error);
    await showErrorMessage(trans.__('Version %1 was not approved', version), [message, remedy].filter(Boolean).join('\n'));
    return '';
  }
}

class Body extends ReactWidget implements Dialog.IBodyWidget<string> {
  constructor(
    private readonly tried: IApproval,
    private readonly revoke: boolean,
    private readonly trans: TranslationBundle
  ) {
    super();
  }

  getValue(): string {
    return this.note;
  }

  protected render(): JSX.Element {
    const { tried, revoke, trans } = this;
    const [what, ...further] = tried.changes;
    return (
      <div className="jp-nbledger-main-confirm">
        <p className="jp-nbledger-main-confirm-what">{what}</p>
        <ul className="jp-nbledger-main-list">
          {further.map((words, place) => (
            <li key={place} className={place === 0 && !tried.counts ? 'jp-mod-warn' : undefined}>
              {words}
            </li>
          ))}
        </ul>
        <label className="jp-nbledger-main-ask">
          {revoke ? trans.__('Why? The audit log keeps it.') : trans.__('What did you look at? The audit log keeps it.')}
          <input className="jp-nbledger-main-input" maxLength={2000} onChange={event => (this.note = event.target.value)} />
        </label>
      </div>
    );
  }

  private note = '';
}
