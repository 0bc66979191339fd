"""Serves the module `pika` at RabbitMQ: pip install pika; python3 worker.py [URL]"""
import json
import sys

import pika


def answer(channel, method, properties, body):
    asked = json.loads(body)
    if asked["method"] == "Pika.Hello":
        kind, reply = None, {"hello": json.loads(asked["bizContent"])["to"]}
    else:
        kind, reply = "error", {"code": "no_such_method", "message": "there is only Hello", "status": 404}
    sent = pika.BasicProperties(correlation_id=properties.correlation_id, type=kind)
    channel.basic_publish("", properties.reply_to, json.dumps(reply), sent)
    channel.basic_ack(method.delivery_tag)


url = sys.argv[1] if len(sys.argv) > 1 else "amqp://guest:guest@127.0.0.1:5672/%2f"
channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
channel.queue_declare("server_pika_1.0", durable=True)
channel.basic_consume("server_pika_1.0", answer)
channel.start_consuming()
