using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a frame is.</summary>
internal enum FrameKind
{
    /// <summary>Are you there? From the side that dialed.</summary>
    Beat = 1,

    /// <summary>Yes.</summary>
    BeatAnswer = 2,

    /// <summary>A message of the group, for the voter at the other end.</summary>
    Message = 3,

    /// <summary>The answer to the request of the same id.</summary>
    Answer = 4,

    /// <summary>Propose a command; for the leader.</summary>
    Submit = 10,

    /// <summary>The table, as <see cref="ReadMode"/> says.</summary>
    Read = 11,

    /// <summary>A silo is alive; for the leader.</summary>
    Alive = 12,

    /// <summary>Are you fresh, and of which list? Or who am I?</summary>
    Birth = 13,

    /// <summary>Replace a voter; for the leader.</summary>
    Replace = 14,
}

/// <summary>One frame after the handshake.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Ties an answer to its request; of the side that dialed.</param>
/// <param name="Body">By kind; a slice of what was received.</param>
internal readonly record struct Frame(FrameKind Kind, long Id, ReadOnlyMemory<byte> Body)
{
    public byte[] Encode() => new Fields().Number(1, (int)Kind).Number(2, Id).Bytes(3, Body.Span).ToArray();

    public static Frame Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Frame");
        var (kind, id, body) = (0, 0L, ReadOnlyMemory<byte>.Empty);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    kind = reader.Number(int.MaxValue);
                    break;
                case 2:
                    id = reader.Number();
                    break;
                case 3:
                    body = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new Frame((FrameKind)kind, id, body);
    }
}
