/** A table of runs with all that belongs to it: scope, filter, columns, selection. In the sidebar and as a tab. */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRun, Scope } from '../api';
import { count } from '../common/format';
import { OnlyLooking, Problem, problemOf } from '../common/message';
import { whyNot } from '../common/rights';
import { Chooser } from './chooser';
import { automatic, column } from './columns';
import { ExperimentChoice } from './experiment';
import { FilterBar } from './filterbar';
import { columnsIcon, moreIcon } from './icons';
import type { RunsModel } from './model';
import { RunTable } from './table';

export interface IViewProps {
  model: RunsModel;
  trans: TranslationBundle;
  scopes: Scope[];
  onOpen: (run: IRun) => void;
  onCompare: (ids: string[]) => void;
  /** Open a menu below an element. */
  onMore: (anchor: HTMLElement) => void;
  onSaved: (anchor: HTMLElement) => void;
}

export function RunsView(props: IViewProps): React.ReactElement {
  const { model, trans, scopes, onOpen, onCompare, onMore, onSaved } = props;
  useSignals(model);
  const [isChoosing, setChoosing] = React.useState(false);
  const [width, setWidth] = React.useState(0);
  const close = React.useCallback(() => setChoosing(false), []);
  const { list, state, watch } = model;
  const chosen = state.columns?.join('\n');
  const columns = React.useMemo(
    () => (state.columns ? state.columns.map(column) : automatic(model.columns, width)),
    [chosen, model.columns, width]
  );

  const problem = problemOf(trans, watch.about, watch.error);
  const retry = (): void => void watch.refresh();
  if (problem && (problem.kind !== 'lost' || list.total === null)) {
    return <Problem trans={trans} about={watch.about} error={watch.error} onRetry={retry} />;
  }
  const isFilterWrong = list.error !== null && list.error.status === 400;
  const failure = watch.error ?? (isFilterWrong ? null : list.error);
  return (
    <>
      <div className="jp-nbledger-Bar">
        <ScopeChoice model={model} trans={trans} scopes={scopes} />
      </div>
      {model.scope === 'experiment' && <ExperimentChoice model={model} trans={trans} />}
      <FilterBar model={model} trans={trans} error={isFilterWrong ? list.error : null} onSaved={onSaved}>
        <IconButton
          label={trans.__('Columns')}
          icon={columnsIcon}
          expanded={isChoosing}
          popup="dialog"
          onClick={() => setChoosing(true)}
        />
        <IconButton label={trans.__('More')} icon={moreIcon} popup="menu" onClick={onMore} />
      </FilterBar>
      {isChoosing && <Chooser model={model} shown={columns} trans={trans} onClose={close} />}
      {failure && <Problem inline trans={trans} error={failure} onRetry={failure.status === 0 ? undefined : () => list.refresh()} />}
      {list.total === 0 && !isFilterWrong ? (
        <Empty model={model} trans={trans} />
      ) : (
        <RunTable model={model} columns={columns} trans={trans} onOpen={onOpen} onWidth={setWidth} />
      )}
      <div className="jp-nbledger-Foot">
        <span role="status" className="jp-nbledger-Foot-count">
          {state.selected.length > 0
            ? trans._n('%1 selected', '%1 selected', state.selected.length)
            : list.total === null
              ? trans.__('Reading …')
              : trans._n('%1 run', '%1 runs', list.total).replace(String(list.total), count(list.total))}
        </span>
        {watch.about?.read_only && (
          <span role="note" tabIndex={0} aria-label={whyNot(trans, watch.about, 'write')} title={whyNot(trans, watch.about, 'write')}>
            {trans.__('read-only')}
          </span>
        )}
        {state.selected.length > 0 && (
          <>
            <button className="jp-nbledger-button" onClick={() => model.select([])}>
              {trans.__('Clear')}
            </button>
            <button
              className="jp-nbledger-button jp-mod-accept"
              disabled={state.selected.length < 2}
              title={state.selected.length < 2 ? trans.__('Select two runs or more') : undefined}
              onClick={() => onCompare(state.selected)}
            >
              {trans.__('Compare')}
            </button>
          </>
        )}
      </div>
    </>
  );
}

function ScopeChoice(props: { model: RunsModel; trans: TranslationBundle; scopes: Scope[] }): React.ReactElement {
  const { model, trans, scopes } = props;
  const labels: Record<Scope, { label: string; title: string }> = {
    notebook: { label: trans.__('Notebook'), title: trans.__('Runs of the current notebook') },
    experiment: { label: trans.__('Experiment'), title: trans.__('Runs of one experiment') },
    ledger: { label: trans.__('All'), title: trans.__('All runs of the ledger') }
  };
  const isPossible = (scope: Scope): boolean =>
    scope === 'notebook' ? model.place.isNotebook : scope === 'experiment' ? model.experiments.length > 0 : true;
  const choose = (scope: Scope): void => model.update({ scope });
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : 0;
    const possible = scopes.filter(isPossible);
    if (step === 0 || event.shiftKey) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const next = possible[(possible.indexOf(model.scope) + step + possible.length) % possible.length];
    choose(next);
    (event.currentTarget.querySelector(`[data-scope="${next}"]`) as HTMLElement | null)?.focus();
  };
  return (
    <div className="jp-nbledger-Scope" role="radiogroup" aria-label={trans.__('Which runs')} onKeyDown={onKeyDown}>
      {scopes.map(scope => (
        <button
          key={scope}
          role="radio"
          data-scope={scope}
          aria-checked={model.scope === scope}
          tabIndex={model.scope === scope ? 0 : -1}
          disabled={!isPossible(scope)}
          title={labels[scope].title}
          onClick={() => choose(scope)}
        >
          {labels[scope].label}
        </button>
      ))}
    </div>
  );
}

function Empty(props: { model: RunsModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  if (model.state.filter) {
    return (
      <div className="jp-nbledger-Problem" data-kind="empty">
        <div className="jp-nbledger-Problem-title">{trans.__('No run fits the filter')}</div>
        <button className="jp-nbledger-button" onClick={() => model.update({ filter: '' })}>
          {trans.__('Clear the filter')}
        </button>
      </div>
    );
  }
  const isNotebook = model.scope === 'notebook';
  const why = model.watch.about ? whyNot(trans, model.watch.about, 'write') : '';
  return (
    <div className="jp-nbledger-Problem" data-kind="empty">
      <div className="jp-nbledger-Problem-title">
        {isNotebook ? trans.__('No runs of this notebook yet') : trans.__('No runs yet')}
      </div>
      {why ? (
        <OnlyLooking why={why} trans={trans} />
      ) : (
        <>
          <p>{trans.__('Put this line on top of a cell that fits a model and run it:')}</p>
          <pre tabIndex={0} aria-label={trans.__('The line to write')}>
            {'%%track'}
          </pre>
        </>
      )}
      {!model.state.untracked && (
        <button className="jp-nbledger-button" onClick={() => model.update({ untracked: true })}>
          {trans.__('Show untracked cells as well')}
        </button>
      )}
      {isNotebook && (
        <button className="jp-nbledger-button" onClick={() => model.update({ scope: 'ledger' })}>
          {trans.__('Show all runs of the ledger')}
        </button>
      )}
    </div>
  );
}

function IconButton(props: {
  label: string;
  icon: typeof columnsIcon;
  popup: 'menu' | 'dialog';
  expanded?: boolean;
  onClick: (anchor: HTMLElement) => void;
}): React.ReactElement {
  const { label, icon, popup, expanded, onClick } = props;
  return (
    <button
      className="jp-nbledger-IconButton"
      title={label}
      aria-label={label}
      aria-haspopup={popup}
      aria-expanded={expanded}
      onClick={event => onClick(event.currentTarget)}
    >
      <icon.react tag="span" width="16px" />
    </button>
  );
}

/** Draw anew when the model or its rows change. */
function useSignals(model: RunsModel): void {
  const [, draw] = React.useReducer((turn: number) => turn + 1, 0);
  React.useEffect(() => {
    model.changed.connect(draw);
    model.list.changed.connect(draw);
    draw();
    return () => {
      model.changed.disconnect(draw);
      model.list.changed.disconnect(draw);
    };
  }, [model]);
}
