/** Choosing the columns of a table of runs. */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ATTRIBUTES, column } from './columns';
import type { IColumn } from './columns';
import { labelOf } from './header';
import type { RunsModel } from './model';

/** Names that are listed of one kind; more are found by typing. */
const LISTED = 100;

export function Chooser(props: {
  model: RunsModel;
  /** The columns in sight. */
  shown: IColumn[];
  trans: TranslationBundle;
  onClose: () => void;
}): React.ReactElement {
  const { model, shown, trans, onClose } = props;
  const [search, setSearch] = React.useState('');
  const first = React.useRef<HTMLInputElement>(null);
  const root = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => first.current?.focus(), []);
  React.useEffect(() => {
    const onPointer = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) {
        onClose();
      }
    };
    document.addEventListener('pointerdown', onPointer, true);
    return () => document.removeEventListener('pointerdown', onPointer, true);
  }, [onClose]);

  const keys = shown.map(item => item.key);
  const toggle = (key: string): void =>
    model.update({ columns: keys.includes(key) ? keys.filter(other => other !== key) : [...keys, key] });
  const { metrics, params, tags } = model.columns;
  const groups = [
    { title: trans.__('Metrics'), items: metrics.map(name => column(`metrics.${name}`)) },
    { title: trans.__('Params'), items: params.map(name => column(`params.${name}`)) },
    { title: trans.__('Tags'), items: tags.map(name => column(`tags.${name}`)) },
    { title: trans.__('About the run'), items: ATTRIBUTES.map(name => column(`attributes.${name}`)) }
  ];
  const fits = (item: IColumn): boolean => labelOf(trans, item).toLowerCase().includes(search.toLowerCase());

  return (
    <div
      ref={root}
      className="jp-nbledger-Chooser"
      role="dialog"
      aria-label={trans.__('Columns')}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <input
        ref={first}
        type="text"
        className="jp-nbledger-Chooser-search"
        placeholder={trans.__('Find a column')}
        aria-label={trans.__('Find a column')}
        value={search}
        onChange={event => setSearch(event.target.value)}
      />
      <div className="jp-nbledger-Chooser-groups">
        {groups.map(({ title, items }) => {
          const fitting = items.filter(fits);
          // What is shown stands first, so that it is found again among thousands of params.
          fitting.sort((a, b) => Number(keys.includes(b.key)) - Number(keys.includes(a.key)));
          return (
            fitting.length > 0 && (
              <fieldset key={title}>
                <legend>{title}</legend>
                {fitting.slice(0, LISTED).map(item => (
                  <label key={item.key} title={item.name}>
                    <input type="checkbox" checked={keys.includes(item.key)} onChange={() => toggle(item.key)} />
                    <span>{labelOf(trans, item)}</span>
                  </label>
                ))}
                {fitting.length > LISTED && (
                  <p>{trans._n('%1 more: type to find it', '%1 more: type to find them', fitting.length - LISTED)}</p>
                )}
              </fieldset>
            )
          );
        })}
        {!groups.some(({ items }) => items.some(fits)) && <p>{trans.__('No column has that name')}</p>}
      </div>
      <div className="jp-nbledger-Chooser-foot">
        <button
          className="jp-nbledger-button"
          disabled={model.state.columns === null}
          onClick={() => model.update({ columns: null, widths: {} })}
        >
          {trans.__('Whatever fits')}
        </button>
        <button className="jp-nbledger-button" onClick={onClose}>
          {trans.__('Done')}
        </button>
      </div>
    </div>
  );
}
