/** The sign of a run's status: told apart by shape as well as by colour. */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Status } from '../api';

const SHAPES: Record<Status, React.ReactElement> = {
  finished: <circle cx="6" cy="6" r="3.5" fill="currentColor" />,
  running: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="2" strokeDasharray="17 8" />,
  failed: <path d="M2.5 2.5l7 7m0-7l-7 7" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  cancelled: <path d="M2.5 6h7" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />,
  interrupted: <path d="M6 1.6L11 10.4H1z" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round" />
};

export function statusText(trans: TranslationBundle, status: Status): string {
  switch (status) {
    case 'running':
      return trans.__('running');
    case 'finished':
      return trans.__('finished');
    case 'failed':
      return trans.__('failed');
    case 'cancelled':
      return trans.__('cancelled');
    default:
      return trans.__('interrupted');
  }
}

export function StatusSign(props: { status: Status; trans: TranslationBundle }): React.ReactElement {
  const { status, trans } = props;
  const known = status in SHAPES ? status : 'interrupted';
  return (
    <svg
      className={`jp-nbledger-Status jp-mod-${known}`}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      role="img"
      aria-label={statusText(trans, known)}
    >
      {SHAPES[known]}
    </svg>
  );
}
