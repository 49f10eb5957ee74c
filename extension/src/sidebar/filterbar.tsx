/** The filter above a table of runs: completion while one types, saved filters, and what the server says of a mistake. */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { bookmarkIcon } from './icons';
import { closeIcon } from '@jupyterlab/ui-components';
import type { IFailure } from '../common/watch';
import { accept, asFilter, suggestions } from './filter';
import type { ISuggestion } from './filter';
import type { RunsModel } from './model';

/** Milliseconds after the last key before the filter is applied, and before a mistake is shown. */
const PAUSE = 350;

let bars = 0;

export function FilterBar(props: {
  model: RunsModel;
  trans: TranslationBundle;
  /** The server's refusal of this filter. */
  error: IFailure | null;
  onSaved: (anchor: HTMLElement) => void;
  /** Further buttons of this line. */
  children?: React.ReactNode;
}): React.ReactElement {
  const { model, trans, error, onSaved } = props;
  const applied = model.state.filter;
  const [text, setText] = React.useState(applied);
  const [found, setFound] = React.useState<ISuggestion[]>([]);
  const [chosen, setChosen] = React.useState(-1);
  const [id] = React.useState(() => `jp-nbledger-filter-${++bars}`);
  const input = React.useRef<HTMLInputElement>(null);
  const timer = React.useRef<number>();
  const caret = React.useRef<number | null>(null);

  // Only what came from elsewhere (a saved filter, a cleared one) is written into the box: while its own text is on the
  // way, one may have typed on.
  const sent = React.useRef(applied);
  React.useEffect(() => {
    if (applied !== sent.current) {
      sent.current = applied;
      window.clearTimeout(timer.current);
      setText(applied);
    }
  }, [applied]);
  React.useEffect(() => () => window.clearTimeout(timer.current), []);

  const apply = (filter: string): void => {
    window.clearTimeout(timer.current);
    sent.current = filter;
    if (filter !== model.state.filter) {
      model.update({ filter });
    }
  };
  const suggest = (value: string): void => {
    const at = input.current?.selectionStart ?? value.length;
    setFound(suggestions(value, at, { columns: model.columns, values: key => model.values(key) }));
    setChosen(-1);
  };
  const close = (): void => {
    setFound([]);
    setChosen(-1);
  };
  const write = (value: string): void => {
    setText(value);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => apply(value), PAUSE);
  };
  const take = (suggestion: ISuggestion): void => {
    const next = accept(text, suggestion);
    caret.current = next.caret;
    write(next.text);
  };
  // Put the caret behind what was taken before another key can come.
  React.useLayoutEffect(() => {
    if (caret.current !== null) {
      input.current?.focus();
      input.current?.setSelectionRange(caret.current, caret.current);
      caret.current = null;
      suggest(text);
    }
  }, [text]);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const isOpen = found.length > 0;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (!isOpen) {
        suggest(text);
      } else {
        const step = event.key === 'ArrowDown' ? 1 : -1;
        setChosen(index => (index + step + found.length + (index < 0 && step < 0 ? 1 : 0)) % found.length);
      }
    } else if (event.key === ' ' && event.ctrlKey) {
      suggest(text);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && isOpen && chosen >= 0) {
      take(found[chosen]);
    } else if (event.key === 'Enter') {
      close();
      apply(text);
    } else if (event.key === 'Escape' && isOpen) {
      close();
    } else if (event.key === 'Escape' && text) {
      setText('');
      apply('');
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="jp-nbledger-Filter">
      <div className={`jp-nbledger-Filter-box${error ? ' jp-mod-wrong' : ''}`}>
        <input
          ref={input}
          type="text"
          role="combobox"
          spellCheck={false}
          autoComplete="off"
          value={text}
          placeholder={trans.__('Filter: a name, or metrics.accuracy > 0.9')}
          aria-label={trans.__('Filter runs')}
          aria-expanded={found.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
          aria-invalid={error !== null}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={event => {
            write(event.target.value);
            suggest(event.target.value);
          }}
          onKeyDown={onKeyDown}
          onBlur={close}
        />
        {text && (
          <button
            className="jp-nbledger-IconButton"
            title={trans.__('Clear the filter')}
            aria-label={trans.__('Clear the filter')}
            onClick={() => {
              setText('');
              apply('');
              input.current?.focus();
            }}
          >
            <closeIcon.react tag="span" width="14px" />
          </button>
        )}
        <button
          className="jp-nbledger-IconButton"
          title={trans.__('Saved filters')}
          aria-label={trans.__('Saved filters')}
          aria-haspopup="menu"
          onClick={event => onSaved(event.currentTarget)}
        >
          <bookmarkIcon.react tag="span" width="16px" />
        </button>
      </div>
      {props.children}
      <ul id={`${id}-list`} role="listbox" aria-label={trans.__('Completions')} className="jp-nbledger-Filter-list" hidden={found.length === 0}>
        {found.map((item, index) => (
          <li
            key={`${item.kind}:${item.label}`}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            ref={index === chosen ? element => element?.scrollIntoView({ block: 'nearest' }) : undefined}
            onMouseDown={event => {
              event.preventDefault();
              take(item);
            }}
          >
            <span className="jp-nbledger-Filter-label">{item.label}</span>
            <span className="jp-nbledger-Filter-kind">{kindText(trans, item.kind)}</span>
          </li>
        ))}
      </ul>
      {error && found.length === 0 && (
        <div id={`${id}-error`} className="jp-nbledger-Filter-error" role="status">
          {error.message}
          <Mistake error={error} filter={asFilter(applied)} />
        </div>
      )}
    </div>
  );
}

/** The filter with the wrong place marked, as the command line puts a caret below it. */
function Mistake(props: { error: IFailure; filter: string }): React.ReactElement | null {
  const { error, filter } = props;
  const at = error.position;
  if (typeof at !== 'number' || at > filter.length) {
    return null;
  }
  const wrong = /^\s*\S+/.exec(filter.slice(at))?.[0] ?? ' ';
  return (
    <code>
      {filter.slice(0, at)}
      <mark>{wrong}</mark>
      {filter.slice(at + wrong.length)}
    </code>
  );
}

function kindText(trans: TranslationBundle, kind: ISuggestion['kind']): string {
  switch (kind) {
    case 'metric':
      return trans.__('metric');
    case 'param':
      return trans.__('param');
    case 'tag':
      return trans.__('tag');
    case 'attribute':
      return trans.__('attribute');
    case 'value':
      return trans.__('value');
    default:
      return '';
  }
}
