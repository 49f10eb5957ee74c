/**
 * The calm message for whatever keeps a view from showing a ledger, with the remedy.
 *
 * Which problem it is, is decided by `problemOf`; a lost connection is the one that leaves the old content in sight, so
 * views show it as a narrow strip (`inline`) above what they have.
 */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IAbout } from '../api';
import { whyNot } from './rights';
import { asFailure, isLost } from './watch';
import type { IFailure } from './watch';

export type ProblemKind =
  | 'none'
  | 'older'
  | 'newer'
  | 'locked'
  | 'corrupt'
  | 'unreadable'
  | 'forbidden'
  | 'absent'
  | 'lost'
  | 'missing'
  | 'failed';

export interface IProblemText {
  kind: ProblemKind;
  title: string;
  message: string;
  remedy: string;
}

/** What to say of a ledger's state or of a failure; `null` when nothing is wrong. A failure comes first. */
export function problemOf(
  trans: TranslationBundle,
  about: IAbout | null | undefined,
  error: unknown
): IProblemText | null {
  if (error !== null && error !== undefined) {
    return fromFailure(trans, asFailure(error));
  }
  if (!about) {
    return null;
  }
  if (about.state !== 'ok') {
    return { kind: about.state, title: titleOf(trans, about.state), message: about.message, remedy: about.remedy };
  }
  if (!about.may.read) {
    return fromFailure(trans, asFailure({ status: 403, message: '' }));
  }
  return null;
}

function titleOf(trans: TranslationBundle, kind: ProblemKind): string {
  switch (kind) {
    case 'none':
      return trans.__('No ledger here yet');
    case 'older':
      return trans.__('This ledger comes from an older nbledger');
    case 'newer':
      return trans.__('This ledger comes from a newer nbledger');
    case 'locked':
      return trans.__('The ledger is locked');
    case 'corrupt':
      return trans.__('The ledger is damaged');
    case 'unreadable':
      return trans.__('The ledger cannot be read');
    case 'forbidden':
      return trans.__('You have no rights for this');
    case 'absent':
      return trans.__('The server does not know nbledger');
    case 'lost':
      return trans.__('No connection to the server');
    case 'missing':
      return trans.__('Not found');
    default:
      return trans.__('That did not work');
  }
}

/** States of a ledger as the server's problems name them. */
const STATES: Record<string, ProblemKind> = {
  'no-ledger': 'none',
  'older-ledger': 'older',
  'newer-ledger': 'newer',
  locked: 'locked',
  corrupt: 'corrupt',
  unreadable: 'unreadable',
  unavailable: 'unreadable'
};

function fromFailure(trans: TranslationBundle, error: IFailure): IProblemText {
  const made = (kind: ProblemKind, message: string, remedy: string): IProblemText => ({
    kind,
    title: titleOf(trans, kind),
    message: error.message && kind !== 'absent' ? error.message : message,
    remedy: error.remedy || remedy
  });
  if (isLost(error)) {
    return {
      kind: 'lost',
      title: titleOf(trans, 'lost'),
      message: trans.__('The Jupyter server does not answer.'),
      remedy: trans.__('This view goes on by itself as soon as the server is back.')
    };
  }
  if (error.kind && error.kind in STATES) {
    return made(STATES[error.kind], '', '');
  }
  switch (error.status) {
    case 401:
    case 403:
      return {
        kind: 'forbidden',
        title: titleOf(trans, 'forbidden'),
        // The server's own words for it are no sentence.
        message: trans.__('This server does not let you do that with the ledger.'),
        remedy: error.remedy || trans.__('Ask whoever runs the server for a role that may.')
      };
    case 404:
      return error.kind
        ? made('missing', '', '')
        : made(
            'absent',
            trans.__('nbledger is installed in the browser’s JupyterLab but its server extension does not run.'),
            trans.__('Run “jupyter server extension enable nbledger_lab” and start the server again.')
          );
    default:
      return made('failed', trans.__('The server could not answer.'), trans.__('Try again; the server’s log says more.'));
  }
}

export interface IProblemProps {
  trans: TranslationBundle;
  about?: IAbout | null;
  /** An `ApiError`, a watch's `error`, or whatever was thrown. */
  error?: unknown;
  onRetry?: () => void;
  /** A strip above content that stays in sight, instead of the whole panel. */
  inline?: boolean;
}

/** The message, or nothing when nothing is wrong. */
export function Problem(props: IProblemProps): React.ReactElement | null {
  const { trans, about, error, onRetry, inline } = props;
  const problem = problemOf(trans, about, error);
  if (!problem) {
    return null;
  }
  const retry = onRetry && problem.kind !== 'none' && (
    <button className="jp-nbledger-button" onClick={onRetry}>
      {trans.__('Try again')}
    </button>
  );
  return (
    <div
      className={`jp-nbledger-Problem${inline ? ' jp-mod-inline' : ''}`}
      data-kind={problem.kind}
      role={problem.kind === 'none' ? 'note' : 'status'}
    >
      <div className="jp-nbledger-Problem-title">{problem.title}</div>
      {problem.kind === 'none' && !inline ? (
        <FirstSteps trans={trans} about={about} />
      ) : (
        <>
          {problem.message && !(inline && problem.kind === 'lost') && <p>{withCode(problem.message)}</p>}
          {problem.remedy && <p className="jp-nbledger-Problem-remedy">{withCode(problem.remedy)}</p>}
        </>
      )}
      {retry}
    </div>
  );
}

/** What stands between backticks as code. */
export function withCode(text: string): React.ReactNode[] {
  return text.split('`').map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}

/** What is left to somebody who may not record: `why` says why not. */
export function OnlyLooking(props: { why: string; trans: TranslationBundle }): React.ReactElement {
  const { why, trans } = props;
  return (
    <>
      <p>{why}</p>
      <p>{trans.__('Runs that others record appear here by themselves. To look at other runs, open another notebook or folder.')}</p>
    </>
  );
}

function FirstSteps(props: { trans: TranslationBundle; about?: IAbout | null }): React.ReactElement {
  const { trans, about } = props;
  const why = about ? whyNot(trans, about, 'write') : '';
  return why ? (
    <OnlyLooking why={why} trans={trans} />
  ) : (
    <>
      <p>{trans.__('Run the first line once in the notebook. Put the second one on top of a cell that fits a model, and run it:')}</p>
      <pre tabIndex={0} aria-label={trans.__('The lines to run')}>
        {'%load_ext nbledger\n%%track'}
      </pre>
      <p>{trans.__('The runs then appear here by themselves.')}</p>
    </>
  );
}
