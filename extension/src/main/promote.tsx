/** Promoting a version: the gates judge it while one fills in the form, and nothing moves before the confirmation. */
import React from 'react';

import type { IModel, IPromotion } from '../api';
import { useAnswer } from '../common/hooks';
import { whyNot } from '../common/rights';
import { asFailure } from '../common/watch';
import type { IFailure } from '../common/watch';
import { confirmed } from './confirm';
import type { IViewProps } from './context';
import { Gates } from './gates';
import { Action, Failed, Loaded, Section } from './parts';
import { failing, moves, sentence, tally } from './promoting';

interface IProps extends IViewProps {
  model: IModel;
  version: number;
  close(): void;
  done(words: string): void;
}

export function Promote(props: IProps): JSX.Element {
  const { api, trans, model, version } = props;
  const aliases = Object.keys(model.aliases);
  const [alias, setAlias] = React.useState(aliases.includes('champion') ? 'champion' : (aliases[0] ?? 'champion'));
  const [judged, setJudged] = React.useState(alias);
  const [why, setWhy] = React.useState('');
  const [waived, setWaived] = React.useState<ReadonlySet<string>>(new Set());
  const [error, setError] = React.useState<IFailure | null>(null);
  const [busy, setBusy] = React.useState(false);
  const form = React.useRef<HTMLFormElement>(null);
  const id = React.useId();
  const body = (dry_run: boolean) => ({ version, alias: alias.trim(), why: why.trim(), dry_run, waive: [...waived] });
  const tried = useAnswer(
    () => api.promote(model.name, { ...body(true), alias: judged, why: why.trim() || '-', waive: [] }),
    [api, model.name, version, judged]
  );
  React.useEffect(() => {
    form.current?.scrollIntoView({ block: 'nearest' });
    form.current?.querySelector('input')?.focus();
  }, []);

  const promote = async (event: React.FormEvent) => {
    event.preventDefault();
    setError(null);
    setBusy(true);
    try {
      const now = await api.promote(model.name, body(true));
      const options = {
        title: trans.__('Promote Version %1 to @%2?', version, now.alias),
        accept: trans.__('Promote'),
        why: why.trim()
      };
      if (now.allowed && (await confirmed(props, now, options))) {
        const done = await api.promote(model.name, { ...body(false), expected: now.from });
        props.done(done.message || sentence(done, trans));
        return;
      }
      if (!now.allowed) {
        setError(asFailure({ status: 409, message: now.message, remedy: '' }));
      }
    } catch (failure) {
      setError(asFailure(failure));
      tried.again();
    } finally {
      setBusy(false);
    }
  };
  const waive = (name: string, isOn: boolean) => {
    const next = new Set(waived);
    if (isOn) {
      next.add(name);
    } else {
      next.delete(name);
    }
    setWaived(next);
  };
  const refusal = tried.value ? reasonNot(props, tried.value, waived, why) : trans.__('The gates are judging.');
  return (
    <Section title={trans.__('Promote version %1 of %2', version, model.name)} className="jp-nbledger-main-panel">
      <form ref={form} className="jp-nbledger-main-form" onSubmit={event => void (refusal ? event.preventDefault() : promote(event))}>
        <div className="jp-nbledger-main-field">
          <label htmlFor={`${id}-alias`}>{trans.__('Alias')}</label>
          <input
            id={`${id}-alias`}
            className="jp-nbledger-main-input"
            list={`${id}-aliases`}
            value={alias}
            required
            pattern="@?[A-Za-z][A-Za-z0-9._\-]{0,63}"
            onChange={event => setAlias(event.target.value.replace(/^@/, ''))}
            onBlur={() => alias.trim() && setJudged(alias.trim())}
          />
          <datalist id={`${id}-aliases`}>
            {[...new Set([...aliases, 'champion', 'challenger'])].map(one => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </div>
        <div className="jp-nbledger-main-field">
          <label htmlFor={`${id}-why`}>{trans.__('Why')}</label>
          <input
            id={`${id}-why`}
            className="jp-nbledger-main-input jp-mod-wide"
            value={why}
            required={waived.size > 0}
            placeholder={trans.__('The audit log keeps it')}
            onChange={event => setWhy(event.target.value)}
          />
        </div>
        <div role="status">
          <Loaded answer={tried} trans={trans}>
            {found => (
              <p className="jp-nbledger-main-conclusion">
                {sentence(found, trans)} {found.gates.length > 0 ? `${tally(found.gates, trans)}.` : trans.__('No gates are set for this alias.')}
              </p>
            )}
          </Loaded>
        </div>
        {tried.value && tried.value.gates.length > 0 ? (
          <Gates gates={tried.value.gates} trans={trans} waived={waived} waive={failing(tried.value.gates).length > 0 ? waive : undefined} />
        ) : null}
        <Failed error={error} trans={trans} />
        <div className="jp-nbledger-main-actions">
          <button type="submit" className="jp-nbledger-button jp-mod-accept" aria-disabled={Boolean(refusal) || busy} aria-describedby={`${id}-not`}>
            {trans.__('Promote...')}
          </button>
          <Action label={trans.__('Cancel')} onClick={props.close} />
          <span id={`${id}-not`} className="jp-nbledger-main-note">
            {refusal}
          </span>
        </div>
      </form>
    </Section>
  );
}

/** Why the promotion cannot go on; an empty text where it can. */
function reasonNot(props: IProps, tried: IPromotion, waived: ReadonlySet<string>, why: string): string {
  const { trans, about } = props;
  const left = failing(tried.gates).filter(gate => !waived.has(gate.name));
  if (left.length > 0) {
    const names = left.map(gate => gate.name).join(', ');
    return trans.__('%1 did not pass: mend it, or waive it and say why.', names);
  }
  if (waived.size > 0 && !why.trim()) {
    return trans.__('Say why the gates are waived.');
  }
  return whyNot(trans, about, 'promote') || (moves(tried) ? '' : trans.__('The alias is there already.'));
}
