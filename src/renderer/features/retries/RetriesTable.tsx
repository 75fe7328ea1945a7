import type { ReactNode } from 'react'
import { Field } from '../../ui/Field.tsx'
import { type RetriesDraft, type RetryField, retryFields, retrySteps } from './retriesDraft.ts'

const stepWords: Record<keyof RetriesDraft, string> = {
  preprocess_data: 'Preprocess',
  train_model: 'Train',
  log_experiment: 'Log experiment',
  assess_model_quality: 'Assess quality',
  deploy_dev: 'Deploy to dev',
  deploy_prod: 'Deploy to production',
  record_decision: 'Record decision',
}
const fieldWords: Record<RetryField, string> = {
  maximumAttempts: 'Attempts',
  initialIntervalSeconds: 'First wait (s)',
  backoffCoefficient: 'Factor',
  maximumIntervalSeconds: 'Longest wait (s)',
}

/** Retry policies by step, a field each. `otherwise` stands in grey where a field is empty. */
export function RetriesTable({
  caption,
  draft,
  otherwise,
  errorOf,
  onChange,
}: {
  caption: ReactNode
  draft: RetriesDraft
  otherwise?: RetriesDraft
  /** By path, such as `retries.train_model.maximumAttempts`. */
  errorOf: (field: string) => string | null
  onChange: (draft: RetriesDraft) => void
}) {
  return (
    <table className="retries">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th>Step</th>
          {retryFields.map((field) => (
            <th key={field}>{fieldWords[field]}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {retrySteps.map((step) => (
          <tr key={step}>
            <th scope="row">{stepWords[step]}</th>
            {retryFields.map((field) => (
              <td key={field}>
                <Field
                  label={`${stepWords[step]}: ${fieldWords[field]}`}
                  hideLabel
                  inputMode="decimal"
                  placeholder={otherwise?.[step][field]}
                  value={draft[step][field]}
                  error={errorOf(`retries.${step}.${field}`)}
                  onChange={(value) => onChange({ ...draft, [step]: { ...draft[step], [field]: value } })}
                />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
