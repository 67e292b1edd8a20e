namespace Orleans.Raft.Storage.Engine;

/// <summary>Reads the sync batches of a segment in order, and judges what follows the last good one.</summary>
internal sealed class SegmentReader
{
    private readonly byte[] _bytes;
    private readonly ulong _storeTag;

    public SegmentReader(Segment segment, Guid storeId)
    {
        Segment = segment;
        _storeTag = WalLog.TagOf(storeId);
        _bytes = new byte[segment.File.Length];
        var read = segment.File.Read(0, _bytes);
        if (read < _bytes.Length)
        {
            throw new IOException($"{segment.File.Path}: read {read} of {_bytes.Length} bytes.");
        }

        var header = SegmentHeader.Read(segment.File.Path, _bytes);
        if (header.StoreId != storeId || header.Segment != segment.Id || header.FileSize != _bytes.Length)
        {
            throw new CorruptionException(
                segment.File.Path, 0, $"segment {segment.Id} of store {storeId:N}, {_bytes.Length} bytes",
                $"segment {header.Segment} of store {header.StoreId:N}, {header.FileSize} bytes");
        }
    }

    public Segment Segment { get; }

    /// <summary>Where the next batch is looked for.</summary>
    public int Offset { get; private set; } = SegmentHeader.Size;

    /// <summary>Why <see cref="TryRead"/> found no batch at <see cref="Offset"/>.</summary>
    public string? Problem { get; private set; }

    /// <summary>True if something was being written at <see cref="Offset"/> that is not whole.</summary>
    public bool IsTorn { get; private set; }

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

    private bool TryReadAt(int offset, out BatchHeader header, out string? problem)
    {
        header = default;
        if (offset > _bytes.Length - BatchHeader.Size || !BatchHeader.TryRead(_bytes.AsSpan(offset), out header))
        {
            problem = "no batch";
            return false;
        }

        // A recycled segment is full of batches of its earlier life: they have another segment number.
        if (header.Segment != Segment.Id || header.Store != _storeTag)
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
