import { useEffect } from 'react'
import type { RunDetail } from '../../../contract/model.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Note } from '../../ui/Note.tsx'
import { ProfileView } from '../profile/ProfileView.tsx'
import { LearningCurve } from '../report/Curve.tsx'
import { ReportView } from '../report/ReportView.tsx'
import { progressWords, useProgress } from './progress.ts'

/** What is drawn of a run: its data, its model, or the curve of a training under way. */
export default function RunPictures({ detail, show }: { detail: RunDetail; show: 'data' | 'model' | 'curve' }) {
  return show === 'curve' ? <CurveNow detail={detail} /> : <Recorded detail={detail} show={show} />
}

function CurveNow({ detail }: { detail: RunDetail }) {
  const progress = useProgress(detail.steps.find(({ step }) => step === 'train_model'))
  if (!progress?.curve) return null
  const { loss, points } = progress.curve
  return (
    <LearningCurve
      title="Training now"
      loss={loss}
      curves={[{ name: '', points, bestRound: null }]}
      note={progressWords(progress)}
    />
  )
}

function Recorded({ detail, show }: { detail: RunDetail; show: 'data' | 'model' }) {
  const { run } = useConsole()
  const { profile, report, problem } = useIn('run', (s) => s.pictures)
  const stateOf = (name: string) => detail.steps.find(({ step }) => step === name)?.state
  const readable = stateOf('preprocess_data')
  const trained = stateOf('train_model')
  const assessed = stateOf('assess_model_quality')
  // Asked for again when a step has ended: then there may be something that was not there before.
  const version = `${detail.workflowId} ${readable} ${trained} ${assessed}`
  useEffect(() => {
    if (version) void run.getState().loadPictures()
  }, [run, version])
  const value = show === 'data' ? profile : report
  if (problem && !value) {
    return (
      <Note tone="bad">
        <p>
          {show === 'data' ? 'The profile' : 'The report'} could not be read: {problem}
        </p>
        <Button size="small" onPress={() => void run.getState().loadPictures()}>
          Try again
        </Button>
      </Note>
    )
  }
  if (value === undefined) return <span className="skeleton" style={{ width: '60%' }} />
  if (show === 'data') {
    if (profile) return <ProfileView profile={profile} />
    return (
      <p className="faint">
        {readable === 'completed'
          ? 'This run has no profile of its data.'
          : readable === 'failed'
            ? 'The file could not be used, so there is no profile; the timeline says why.'
            : 'The file has not been read yet.'}
      </p>
    )
  }
  if (report) return <ReportView report={report} />
  return (
    <>
      <CurveNow detail={detail} />
      <p className="faint">{noReport(trained)}</p>
    </>
  )
}

function noReport(trained: string | undefined): string {
  if (trained === 'completed') return 'There is no report: the demo trainer looks at no row, so there is nothing to draw.'
  if (trained === 'running' || trained === 'scheduled' || trained === 'backingOff')
    return 'The report is made when the training has ended.'
  if (trained === 'failed') return 'The training failed, so there is no report; the timeline says why.'
  return 'There is no model yet.'
}
