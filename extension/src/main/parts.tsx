/** The small parts that the views of the main area share. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IRun, Scalar } from '../api';
import { ago, bytes, exact, number, short, when } from '../common/format';
import type { IAnswer } from '../common/hooks';
import { Problem } from '../common/message';
import type { IFailure } from '../common/watch';
import type { IContext } from './context';

/** The head of a view: what it shows, facts in one line, and what one can do. */
export function Head(props: { title: React.ReactNode; facts?: React.ReactNode; children?: React.ReactNode }): JSX.Element {
  return (
    <header className="jp-nbledger-main-head">
      <div className="jp-nbledger-main-head-words">
        <h2 className="jp-nbledger-main-title">{props.title}</h2>
        {props.facts ? <div className="jp-nbledger-main-facts">{props.facts}</div> : null}
      </div>
      {props.children ? <div className="jp-nbledger-main-actions">{props.children}</div> : null}
    </header>
  );
}

/** A part of a view with its heading; one that folds is open unless `folded`. */
export function Section(props: {
  title: string;
  note?: React.ReactNode;
  folds?: boolean;
  folded?: boolean;
  tools?: React.ReactNode;
  className?: string;
  children: React.ReactNode;
}): JSX.Element {
  const id = React.useId();
  const note = props.note ? <span className="jp-nbledger-main-note">{props.note}</span> : null;
  const className = `jp-nbledger-main-section ${props.className ?? ''}`;
  if (props.folds) {
    return (
      <details className={className} open={!props.folded}>
        <summary className="jp-nbledger-main-section-head">
          <h3>{props.title}</h3>
          {note}
        </summary>
        {props.children}
      </details>
    );
  }
  return (
    <section className={className} aria-labelledby={id}>
      <div className="jp-nbledger-main-section-head">
        <h3 id={id}>{props.title}</h3>
        {note}
        {props.tools ? <div className="jp-nbledger-main-tools">{props.tools}</div> : null}
      </div>
      {props.children}
    </section>
  );
}

/** A button of a view. */
export function Action(props: {
  label: string;
  icon?: LabIcon;
  onClick(): void;
  isPrimary?: boolean;
  isPressed?: boolean;
  /** Why it cannot be used; it stays reachable, so that the reason can be read. */
  why?: string;
}): JSX.Element {
  const isOff = Boolean(props.why);
  return (
    <button
      type="button"
      className={`jp-nbledger-button jp-nbledger-main-action ${props.isPrimary ? 'jp-mod-accept' : ''}`}
      aria-disabled={isOff || undefined}
      aria-pressed={props.isPressed}
      title={props.why || undefined}
      onClick={isOff ? undefined : props.onClick}
    >
      {props.icon ? <props.icon.react tag="span" className="jp-nbledger-main-action-icon" /> : null}
      <span>{props.label}</span>
    </button>
  );
}

/** What stands where a view has nothing to show. */
export function Nothing(props: { children: React.ReactNode }): JSX.Element {
  return <p className="jp-nbledger-main-nothing">{props.children}</p>;
}

/** What can be wider or higher than its place, in a box that scrolls by mouse and, where it has to, by keyboard. */
export function Scrolls(props: { label: string; className?: string; children: React.ReactNode }): JSX.Element {
  const box = React.useRef<HTMLDivElement>(null);
  const [overflows, setOverflows] = React.useState(false);
  React.useEffect(() => {
    const element = box.current;
    if (!element) {
      return;
    }
    const look = () =>
      setOverflows(element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
    const watch = new ResizeObserver(look);
    watch.observe(element);
    [...element.children].forEach(child => watch.observe(child));
    look();
    return () => watch.disconnect();
  }, []);
  return (
    <div
      ref={box}
      className={`jp-nbledger-main-scrolls ${props.className ?? ''}`}
      role="group"
      aria-label={props.label}
      tabIndex={overflows ? 0 : undefined}
    >
      {props.children}
    </div>
  );
}

/** A status as a word beside a mark. */
export function StatusWord(props: { status: string; trans: TranslationBundle }): JSX.Element {
  return (
    <span className="jp-nbledger-main-status" data-status={props.status}>
      <span className="jp-nbledger-main-status-mark" aria-hidden="true" />
      {statusWord(props.status, props.trans)}
    </span>
  );
}

export function statusWord(status: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    running: trans.__('running'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
    cancelled: trans.__('cancelled'),
    interrupted: trans.__('interrupted'),
    planned: trans.__('planned'),
    waiting: trans.__('waiting'),
    skipped: trans.__('skipped'),
    cached: trans.__('cached'),
    refused: trans.__('refused'),
    deleted: trans.__('deleted'),
    'not run': trans.__('not run'),
    passed: trans.__('passed'),
    waived: trans.__('waived'),
    error: trans.__('could not be judged')
  };
  return words[status] ?? status;
}

/** A value, exact when one points at it. */
export function Value(props: { value: Scalar }): JSX.Element {
  const { value } = props;
  const shown = number(value);
  const whole = exact(value);
  return <span title={shown === whole ? undefined : whole}>{value === null ? 'None' : shown}</span>;
}

/** A moment: how long ago, with date and time when one points at it. */
export function Moment(props: { at: number }): JSX.Element {
  return (
    <time dateTime={new Date(props.at * 1000).toISOString()} title={when(props.at)}>
      {ago(props.at)}
    </time>
  );
}

/** A run as a link that opens it. */
export function RunLink(props: { context: IContext; path: string; id: string; children?: React.ReactNode }): JSX.Element {
  const { context, path, id } = props;
  return (
    <button
      type="button"
      className="jp-nbledger-main-link"
      title={context.trans.__('Open run %1', id)}
      onClick={() => context.opener.run(path, id)}
    >
      {props.children ?? <code>{short(id)}</code>}
    </button>
  );
}

/** How a run is called: its name, else its cell's place, else its kind. */
export function runName(run: Pick<IRun, 'name' | 'position' | 'kind' | 'id'>, trans: TranslationBundle): string {
  if (run.name) {
    return run.name;
  }
  return run.position !== null ? trans.__('cell %1', run.position + 1) : `${run.kind} ${short(run.id)}`;
}

/** What was loaded; before that a quiet line, and where it failed the message with its remedy. */
export function Loaded<T>(props: {
  answer: IAnswer<T>;
  trans: TranslationBundle;
  children(value: T): React.ReactNode;
}): JSX.Element {
  const { answer, trans } = props;
  if (answer.value === undefined) {
    return answer.error ? (
      <Problem trans={trans} error={answer.error} onRetry={answer.again} />
    ) : (
      <p className="jp-nbledger-main-nothing" role="status">
        {trans.__('Loading...')}
      </p>
    );
  }
  return (
    <>
      {answer.error ? <Problem trans={trans} error={answer.error} onRetry={answer.again} inline /> : null}
      {props.children(answer.value)}
    </>
  );
}

/** A failure of something that was done, above what it belongs to. */
export function Failed(props: { error: IFailure | null; trans: TranslationBundle }): JSX.Element | null {
  return props.error ? <Problem trans={props.trans} error={props.error} inline /> : null;
}

/** `1,200 × 8` of a shape, else the size in bytes. */
export function extent(shape: number[] | null, size: number | null): string {
  return shape && shape.length > 0 ? shape.map(count => count.toLocaleString()).join(' × ') : bytes(size);
}
