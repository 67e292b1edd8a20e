using System.Collections.Immutable;
using System.Security.Cryptography;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>A snapshot on its way to one follower: a view of the rows, cut into parts, one of them unanswered at a time.</summary>
internal sealed class SnapshotTransfer : IDisposable
{
    /// <summary>Bytes gathered into a part; a single row may be larger.</summary>
    public const int PartBytes = 256 * 1024;

    private readonly IStateView _view;
    private readonly IEnumerator<StateRow> _rows;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _message;
    private bool _hasRow;

    public SnapshotTransfer(IStateView view, Message message)
    {
        _view = view;
        Position = view.Applied.Position;
        To = message.To;
        _message = new byte[RaftCodec.Size(message)];
        RaftCodec.Write(message, _message);
        _rows = view.Scan(ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty).GetEnumerator();
        _hasRow = _rows.MoveNext();
        Number = -1;
        Next();
    }

    /// <summary>Names the transfer.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>Who gets it.</summary>
    public ReplicaId To { get; }

    /// <summary>Last position it covers.</summary>
    public EntryId Position { get; }

    /// <summary>Number of the part that waits for its answer.</summary>
    public long Number { get; private set; }

    /// <summary>That part.</summary>
    public byte[] Part { get; private set; } = [];

    /// <summary>True when it is the last one.</summary>
    public bool IsLast { get; private set; }

    /// <summary>Tick in which it was last sent.</summary>
    public long SentTick { get; set; }

    /// <summary>How often it was sent.</summary>
    public int Attempts { get; set; }

    /// <summary>Goes to the next part.</summary>
    public void Next()
    {
        var rows = ImmutableArray.CreateBuilder<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)>();
        for (var bytes = 0; _hasRow && bytes < PartBytes; _hasRow = _rows.MoveNext())
        {
            var row = _rows.Current;
            rows.Add((row.Key, row.Value));
            SnapshotInstall.Hash(_hash, row.Key, row.Value);
            bytes += row.Key.Length + row.Value.Length;
        }

        IsLast = !_hasRow;
        Number++;
        Attempts = 0;
        Part = SnapshotCodec.Encode(new SnapshotPart(
            Id, Number, rows.ToImmutable(), IsLast ? _message : default, IsLast ? _hash.GetHashAndReset() : default));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rows.Dispose();
        _view.Dispose();
        _hash.Dispose();
    }
}

/// <summary>A snapshot that comes in: its rows go under a generation of their own, which nobody reads before it is whole (SAFETY-RULES A6).</summary>
internal sealed class SnapshotInstall(Guid id, long generation) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The transfer.</summary>
    public Guid Id { get; } = id;

    /// <summary>Where the rows go.</summary>
    public long Generation { get; } = generation;

    /// <summary>Part that comes next.</summary>
    public long Next { get; set; }

    /// <summary>True while a part is being written.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Set once it is whole, verified and flushed.</summary>
    public Snapshot? Snapshot { get; set; }

    /// <summary>Feeds a row to a hash: lengths too, so that no two different rows look alike.</summary>
    public static void Hash(IncrementalHash hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Span<byte> lengths = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(lengths, key.Length);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(lengths[4..], value.Length);
        hash.AppendData(lengths);
        hash.AppendData(key);
        hash.AppendData(value);
    }

    /// <summary>Feeds a row.</summary>
    public void Hash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Hash(_hash, key, value);

    /// <summary>The hash over all rows.</summary>
    public byte[] Finish() => _hash.GetHashAndReset();

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
