/** The dialog that says exactly what a promotion or rollback will change, before it does. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import React from 'react';

import type { IPromotion } from '../api';
import type { IViewProps } from './context';
import { Gates } from './gates';
import { sentence, tally } from './promoting';

export async function confirmed(
  props: Pick<IViewProps, 'trans'>,
  tried: IPromotion,
  options: { title: string; accept: string; why: string }
): Promise<boolean> {
  const { trans } = props;
  const body = (
    <div className="jp-nbledger-main-confirm">
      <p className="jp-nbledger-main-confirm-what">{sentence(tried, trans)}</p>
      <ul className="jp-nbledger-main-list">
        {tried.changes
          .filter(words => !words.startsWith(`@${tried.alias} `))
          .map((words, place) => (
            <li key={place}>{words}</li>
          ))}
        {options.why ? <li>{trans.__('The reason that is kept: “%1”', options.why)}</li> : null}
      </ul>
      {tried.gates.length > 0 ? (
        <>
          <p>{tally(tried.gates, trans)}</p>
          <Gates gates={tried.gates} trans={trans} />
        </>
      ) : null}
    </div>
  );
  const result = await showDialog({
    title: options.title,
    body,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label: options.accept })],
    defaultButton: 0
  });
  return result.button.accept;
}
