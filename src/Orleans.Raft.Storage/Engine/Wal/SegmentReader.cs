namespace Orleans.Raft.Storage.Engine;

/// <summary>Reads the sync batches of a segment in order, and judges what follows the last good one.</summary>
internal sealed class SegmentReader
{
    private readonly byte[] _bytes;
    private readonly Guid _storeId;

    public SegmentReader(Segment segment, Guid storeId)
    {
        Segment = segment;
        _storeId = storeId;
        _bytes = new byte[segment.File.Length];
        var read = segment.File.Read(0, _bytes);
        if (read < _bytes.Length)
        {
            throw new IOException($"{segment.File.Path}: read {read} of {_bytes.Length} bytes.");
        }

        CheckHead(segment, storeId, _bytes);
    }

    public Segment Segment { get; }

    /// <summary>Where the next batch is looked for.</summary>
    public int Offset { get; private set; } = SegmentHeader.Size;

    /// <summary>Why <see cref="TryRead"/> found no batch at <see cref="Offset"/>.</summary>
    public string? Problem { get; private set; }

    /// <summary>True if something was being written at <see cref="Offset"/> that is not whole.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>Reads only the first batch, with the state of all groups; false if it is not whole.</summary>
    public static bool TryReadFirst(Segment segment, Guid storeId, out BatchHeader header, out ReadOnlySpan<byte> body)
    {
        body = default;
        var head = new byte[SegmentHeader.Size + BatchHeader.Size];
        var read = segment.File.Read(0, head);
        CheckHead(segment, storeId, head.AsSpan(0, read));
        if (!BatchHeader.TryRead(head.AsSpan(SegmentHeader.Size), out header) || !IsOf(in header, segment, storeId)
            || header.BodyLength < 0 || header.BodyLength > segment.Size - head.Length)
        {
            return false;
        }

        var bytes = new byte[header.BodyLength];
        body = bytes;
        return segment.File.Read(head.Length, bytes) == bytes.Length && BatchHeader.TryCheckBody(in header, bytes, out _);
    }

    /// <summary>Reads the batch with the given sequence, if it stands whole at <see cref="Offset"/>.</summary>
    public bool TryRead(long sequence, out BatchHeader header, out ReadOnlySpan<byte> body)
    {
        body = default;
        IsTorn = false;
        if (!TryReadAt(Offset, out header, out var problem))
        {
            IsTorn = Offset < _bytes.Length && BatchHeader.LooksLikeOneOf(_bytes.AsSpan(Offset), Segment.Id);
            Problem = problem;
            return false;
        }

        if (header.Sequence != sequence)
        {
            Problem = $"batch {header.Sequence} instead of {sequence}";
            return false;
        }

        Problem = null;
        body = _bytes.AsSpan(Offset + BatchHeader.Size, header.BodyLength);
        Offset += header.PaddedSize;
        return true;
    }

    /// <summary>Looks beyond <see cref="Offset"/> for a whole batch of at least the given sequence: its presence proves that what is missing here was durable.</summary>
    public (int Offset, long Sequence)? FindAtLeast(long sequence)
    {
        for (var offset = Offset; offset <= _bytes.Length - BatchHeader.Size; offset += BatchHeader.Alignment)
        {
            if (TryReadAt(offset, out var header, out _) && header.Sequence >= sequence)
            {
                return (offset, header.Sequence);
            }
        }

        return null;
    }

    private static void CheckHead(Segment segment, Guid storeId, ReadOnlySpan<byte> bytes)
    {
        var header = SegmentHeader.Read(segment.File.Path, bytes);
        if (header.StoreId != storeId || header.Segment != segment.Id)
        {
            throw new CorruptionException(
                segment.File.Path, 0, $"segment {segment.Id} of store {storeId:N}", $"segment {header.Segment} of store {header.StoreId:N}");
        }

        if (header.FileSize != segment.Size)
        {
            throw new CorruptionException(
                segment.File.Path, Math.Min(header.FileSize, segment.Size), $"a file of {header.FileSize} bytes, as its head says", $"one of {segment.Size} bytes");
        }
    }

    // A recycled segment is full of batches of its earlier life: they have another segment number.
    private static bool IsOf(in BatchHeader header, Segment segment, Guid storeId) =>
        header.Segment == segment.Id && header.Store == WalLog.TagOf(storeId);

    private bool TryReadAt(int offset, out BatchHeader header, out string? problem)
    {
        header = default;
        if (offset > _bytes.Length - BatchHeader.Size || !BatchHeader.TryRead(_bytes.AsSpan(offset), out header))
        {
            problem = "no batch";
            return false;
        }

        if (!IsOf(in header, Segment, _storeId))
        {
            problem = $"a batch of segment {header.Segment}";
            return false;
        }

        if (header.BodyLength < 0 || header.BodyLength > _bytes.Length - offset - BatchHeader.Size)
        {
            problem = $"batch {header.Sequence} of {header.BodyLength} bytes, which is more than the file holds";
            return false;
        }

        return BatchHeader.TryCheckBody(in header, _bytes.AsSpan(offset + BatchHeader.Size, header.BodyLength), out problem);
    }
}
