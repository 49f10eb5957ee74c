/** Choosing an experiment: a list, and where there are more than it holds, a box that finds the others on the server. */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { count } from '../common/format';
import { useAnswer } from '../common/hooks';
import type { RunsModel } from './model';

/** Milliseconds after the last key before the server is asked. */
const TYPED = 250;

export function ExperimentChoice(props: { model: RunsModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  const { experiments, experimentCount } = model;
  const areMore = experimentCount > experiments.length;
  const [text, setText] = React.useState('');
  const find = useLater(text.trim(), TYPED);
  const { value, error } = useAnswer(
    async () => (areMore && find ? model.findExperiments(find) : null),
    [areMore && find, model.place.path]
  );
  const found = areMore && find ? value : null;
  const listed = found?.items ?? experiments;
  // What is chosen stays in the list, whatever is looked for.
  const names = listed.includes(model.experiment) ? listed : [model.experiment, ...listed];
  const note = error
    ? error.message
    : found?.total === 0
      ? trans.__('No experiment is called so')
      : found
        ? trans.__('%1 of %2 that fit', count(found.items.length), count(found.total))
        : trans.__('%1 of %2: type to find the others', count(experiments.length), count(experimentCount));
  return (
    <>
      <label className="jp-nbledger-Experiment">
        <span>{trans.__('Experiment')}</span>
        <select value={model.experiment} onChange={event => model.update({ experiment: event.target.value })}>
          {names.map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {areMore && (
        <div className="jp-nbledger-Experiment jp-mod-more">
          <input
            type="search"
            aria-label={trans.__('Find an experiment')}
            placeholder={trans.__('Find an experiment')}
            value={text}
            onChange={event => setText(event.target.value)}
          />
          <span role="status">{note}</span>
        </div>
      )}
    </>
  );
}

/** A value as it was when it had been the same for some milliseconds. */
function useLater(value: string, milliseconds: number): string {
  const [late, setLate] = React.useState(value);
  React.useEffect(() => {
    const timer = setTimeout(() => setLate(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return late;
}
