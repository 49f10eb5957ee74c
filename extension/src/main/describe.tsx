/** Saying what a model or a version is: its description, its stage and its other tags. Earlier ones stay in its history. */
import React from 'react';

import type { IModel } from '../api';
import { asFailure } from '../common/watch';
import type { IFailure } from '../common/watch';
import type { IViewProps } from './context';
import { DESCRIPTION, STAGE, STAGES, changes, others } from './describing';
import { Action, Failed, Section } from './parts';

interface IProps extends IViewProps {
  model: IModel;
  /** `null` for the model itself. */
  number: number | null;
  tags: Record<string, string>;
  close(): void;
  done(words: string): void;
}

export function Describe(props: IProps): JSX.Element {
  const { api, trans, model, number, tags } = props;
  const [values, setValues] = React.useState<Record<string, string>>({});
  const [added, add] = React.useState('');
  const [error, setError] = React.useState<IFailure | null>(null);
  const form = React.useRef<HTMLFormElement>(null);
  const id = React.useId();
  const of = (name: string) => values[name] ?? tags[name] ?? '';
  const set = (name: string, value: string) => setValues({ ...values, [name]: value });
  const named = added.trim();
  const wanted = changes(tags, { ...values, ...(named ? { [named]: values[''] ?? '' } : {}) });
  const isSame = Object.keys(wanted).length === 0;
  React.useEffect(() => {
    form.current?.scrollIntoView({ block: 'nearest' });
    form.current?.querySelector('textarea')?.focus();
  }, []);
  const save = async (event: React.FormEvent) => {
    event.preventDefault();
    if (isSame) {
      return;
    }
    try {
      props.done((await api.describe(model.name, { version: number, tags: wanted })).message);
    } catch (failure) {
      setError(asFailure(failure));
    }
  };
  const field = (name: string, label: string, list?: string) => (
    <div className="jp-nbledger-main-field" key={name}>
      <label htmlFor={`${id}-${name}`}>{label}</label>
      <input
        id={`${id}-${name}`}
        className="jp-nbledger-main-input"
        list={list}
        value={of(name)}
        onChange={event => set(name, event.target.value)}
      />
    </div>
  );
  const title = number === null ? trans.__('Describe %1', model.name) : trans.__('Describe version %1 of %2', number, model.name);
  return (
    <Section title={title} className="jp-nbledger-main-panel">
      <form ref={form} className="jp-nbledger-main-form" onSubmit={event => void save(event)}>
        <div className="jp-nbledger-main-field">
          <label htmlFor={`${id}-text`}>{trans.__('Description')}</label>
          <textarea
            id={`${id}-text`}
            className="jp-nbledger-main-input jp-mod-text"
            rows={3}
            value={of(DESCRIPTION)}
            onChange={event => set(DESCRIPTION, event.target.value)}
          />
        </div>
        {number === null ? null : field(STAGE, trans.__('Stage'), `${id}-stages`)}
        <datalist id={`${id}-stages`}>
          {STAGES.map(one => (
            <option key={one} value={one} />
          ))}
        </datalist>
        {others(tags)
          .filter(([name]) => name !== STAGE || number === null)
          .map(([name]) => field(name, name))}
        <div className="jp-nbledger-main-field">
          <label htmlFor={`${id}-name`}>{trans.__('New tag')}</label>
          <div className="jp-nbledger-main-pair">
            <input
              id={`${id}-name`}
              className="jp-nbledger-main-input jp-mod-narrow"
              pattern="[A-Za-z_][A-Za-z0-9_.:\/\-]{0,63}"
              placeholder={trans.__('Name')}
              value={added}
              onChange={event => add(event.target.value)}
            />
            <input
              className="jp-nbledger-main-input"
              aria-label={trans.__('Value of the new tag')}
              placeholder={trans.__('Value')}
              value={values[''] ?? ''}
              onChange={event => set('', event.target.value)}
            />
          </div>
        </div>
        <p className="jp-nbledger-main-note">
          {trans.__('An empty field takes its tag away. What was said before stays in the history, and the audit log says who changed it.')}
        </p>
        <Failed error={error} trans={trans} />
        <div className="jp-nbledger-main-actions">
          <button type="submit" className="jp-nbledger-button jp-mod-accept" aria-disabled={isSame}>
            {trans.__('Save')}
          </button>
          <Action label={trans.__('Cancel')} onClick={props.close} />
        </div>
      </form>
    </Section>
  );
}
