/** Rolling an alias back: why, what exactly it changes, and then doing it. */
import { InputDialog, showErrorMessage } from '@jupyterlab/apputils';

import { asFailure } from '../common/watch';
import { confirmed } from './confirm';
import type { IViewProps } from './context';
import { sentence } from './promoting';

/** Returns what was done in words; an empty text where nothing was. */
export async function rollBack(props: IViewProps, model: string, alias: string): Promise<string> {
  const { api, trans } = props;
  try {
    await api.rollback(model, { alias, why: '', dry_run: true });
    const asked = await InputDialog.getText({
      title: trans.__('Roll Back @%1 of %2', alias, model),
      label: trans.__('Why? The audit log keeps it.'),
      okLabel: trans.__('See what changes...')
    });
    if (!asked.button.accept) {
      return '';
    }
    const why = (asked.value ?? '').trim();
    const tried = await api.rollback(model, { alias, why, dry_run: true });
    const options = { title: trans.__('Roll Back @%1?', alias), accept: trans.__('Roll back'), why };
    if (!(await confirmed(props, tried, options))) {
      return '';
    }
    const done = await api.rollback(model, { alias, why, dry_run: false, expected: tried.from });
    return done.message || sentence(done, trans);
  } catch (error) {
    const { message, remedy } = asFailure(error);
    await showErrorMessage(trans.__('@%1 was not rolled back', alias), [message, remedy].filter(Boolean).join('\n'));
    return '';
  }
}
