using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Orleans.Raft.Cluster.Tests;

/// <summary>Text pairs. A command is <c>key=value</c> and answers with the value it replaced; a query is a key.</summary>
public sealed class KeyValueMachine : ISnapshotStateMachine
{
    private readonly Dictionary<string, string> _pairs = new(StringComparer.Ordinal);

    public ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command)
    {
        var pair = Encoding.UTF8.GetString(command.Span).Split('=', 2);
        _pairs.TryGetValue(pair[0], out var before);
        _pairs[pair[0]] = pair[1];
        return Encoding.UTF8.GetBytes(before ?? "");
    }

    public ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) =>
        _pairs.TryGetValue(Encoding.UTF8.GetString(query.Span), out var value) ? Encoding.UTF8.GetBytes(value) : default;

    public void Snapshot(IBufferWriter<byte> output) => output.Write(JsonSerializer.SerializeToUtf8Bytes(_pairs));

    public void Restore(ReadOnlySequence<byte> snapshot)
    {
        _pairs.Clear();
        foreach (var (key, value) in JsonSerializer.Deserialize<Dictionary<string, string>>(snapshot.ToArray())!)
        {
            _pairs.Add(key, value);
        }
    }
}
