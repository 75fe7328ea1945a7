/** Where there is one, the build without GPU libraries: a fiftieth of the size. */
const hasSmallBuild = process.arch === 'x64' && (process.platform === 'linux' || process.platform === 'win32')

/** XGBoost for Python, which models are exchanged with and trainings measured against: packages for `pythonPeer`. */
export const xgboostPackages = [`${hasSmallBuild ? 'xgboost-cpu' : 'xgboost'}==3.2.0`, 'numpy==2.4.6']
