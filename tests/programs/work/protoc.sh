# The compiler of Protocol Buffers with a plugin as a child, and Python's package that uses libprotobuf.
echo 'syntax = "proto3"; message M { repeated int32 numbers = 1; string text = 2; }' >m.proto
protoc --c_out=. --python_out=. m.proto && sha256sum m.pb-c.c m_pb2.py
/usr/bin/python3 -c '
import m_pb2
m = m_pb2.M(numbers=range(10000), text="x" * 100)
data = m.SerializeToString()
print(len(data), sum(m_pb2.M.FromString(data).numbers))
m_pb2.M.FromString(b"\xff")' 2>&1 | tail -1
protoc --c_out=. nothing.proto
