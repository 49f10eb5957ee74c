/** One row of the table of runs. */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRun } from '../api';
import { ago, duration, exact, isNumeric, number, short, when } from '../common/format';
import { valueOf } from './columns';
import type { IColumn } from './columns';
import { StatusSign, statusText } from './status';

interface IRowProps {
  id: string;
  index: number;
  run: IRun | undefined;
  columns: IColumn[];
  isSelected: boolean;
  isActive: boolean;
  /** The name as there is room for it. */
  name: string;
  now: number;
  trans: TranslationBundle;
}

export const Row = React.memo(function Row(props: IRowProps): React.ReactElement {
  const { id, index, run, columns, isSelected, isActive, now, trans } = props;
  const classes = `jp-nbledger-Runs-row${isSelected ? ' jp-mod-selected' : ''}${isActive ? ' jp-mod-active' : ''}`;
  if (!run) {
    return (
      <tr id={id} className={`${classes} jp-mod-loading`} aria-rowindex={index + 2} data-row={index}>
        <Placeholders columns={columns} />
      </tr>
    );
  }
  return (
    <tr id={id} className={classes} aria-rowindex={index + 2} aria-selected={isSelected} data-row={index} data-run={run.id}>
      <Check name={nameOf(run)} isSelected={isSelected} trans={trans} />
      <Name run={run} text={props.name} trans={trans} />
      {columns.map(column => (
        <Cell key={column.key} run={run} column={column} now={now} trans={trans} />
      ))}
    </tr>
  );
}, sameRow);

/** The cells of a row whose run is not there yet: the same for all, so that a row that only moves on changes nothing else. */
const Placeholders = React.memo(function Placeholders({ columns }: { columns: IColumn[] }): React.ReactElement {
  return (
    <>
      <td className="jp-nbledger-Runs-check" />
      <td className="jp-nbledger-Runs-name">
        <span className="jp-nbledger-Runs-placeholder" />
      </td>
      {columns.map(column => (
        <td key={column.key} />
      ))}
    </>
  );
});

function Check(props: { name: string; isSelected: boolean; trans: TranslationBundle }): React.ReactElement {
  return (
    <td className="jp-nbledger-Runs-check">
      <input type="checkbox" tabIndex={-1} checked={props.isSelected} readOnly aria-label={props.trans.__('Select %1', props.name)} />
    </td>
  );
}

const Name = React.memo(function Name(props: { run: IRun; text: string; trans: TranslationBundle }): React.ReactElement {
  const { run, text, trans } = props;
  const name = nameOf(run);
  return (
    <th
      scope="row"
      className="jp-nbledger-Runs-name"
      data-column="name"
      data-name={name}
      title={titleOf(trans, run)}
      aria-label={trans.__('%1, %2', name, statusText(trans, run.status))}
    >
      <StatusSign status={run.status} trans={trans} />
      <span className="jp-nbledger-Runs-text">{text}</span>
    </th>
  );
});

/** Only what a row shows: the time matters where a relative time or a running run is shown. */
function sameRow(a: IRowProps, b: IRowProps): boolean {
  return (
    a.id === b.id &&
    a.run === b.run &&
    a.columns === b.columns &&
    a.isSelected === b.isSelected &&
    a.isActive === b.isActive &&
    a.name === b.name &&
    a.trans === b.trans &&
    (a.now === b.now || a.run === undefined)
  );
}

function Cell(props: { run: IRun; column: IColumn; now: number; trans: TranslationBundle }): React.ReactElement {
  const { run, column, now, trans } = props;
  const value = valueOf(run, column);
  let text = number(value);
  let title = exact(value);
  let isRight = isNumeric(value);
  if (column.kind === 'attributes') {
    if (column.name === 'started_at') {
      text = ago(run.started_at, now);
      title = when(run.started_at);
      isRight = false;
    } else if (column.name === 'duration') {
      const seconds = run.duration ?? (run.status === 'running' ? now - run.started_at : null);
      text = duration(seconds);
      title = seconds === null ? '' : trans.__('%1 s', seconds);
      isRight = true;
    } else if (column.name === 'status') {
      text = statusText(trans, run.status);
      title = run.error || text;
    }
  }
  return (
    <td className={isRight ? 'jp-mod-number' : undefined} data-column={column.key} title={title || undefined}>
      {text}
    </td>
  );
}

/** What a run is called: without a name, by its id. */
export function nameOf(run: IRun): string {
  return run.name || short(run.id);
}

function titleOf(trans: TranslationBundle, run: IRun): string {
  const lines = [run.name || trans.__('(no name)'), `${statusText(trans, run.status)}, ${when(run.started_at)}`];
  if (run.notebook) {
    lines.push(run.notebook);
  }
  if (run.error) {
    lines.push(run.error);
  }
  lines.push(run.id);
  return lines.join('\n');
}
