"""The same model file behind FastAPI: what a team would write first. usage: peer.py <model file> <port>"""
import sys

import numpy
import uvicorn
import xgboost
from fastapi import FastAPI
from pydantic import create_model

booster = xgboost.Booster()
booster.load_model(sys.argv[1])
booster.set_param({"nthread": 1})
names = booster.feature_names
Row = create_model("Row", **{name: (float | None, ...) for name in names})
Body = create_model("Body", rows=(list[Row], ...))
app = FastAPI()


@app.post("/predict")
async def predict(body: Body):
    rows = [[getattr(row, name) for name in names] for row in body.rows]
    values = booster.inplace_predict(numpy.array(rows, dtype=numpy.float32))
    return {"model_id": "peer", "predictions": [{"value": float(value)} for value in values]}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False)
