using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>How a request went.</summary>
internal enum AnswerStatus
{
    /// <summary>Done; the body holds what was asked for.</summary>
    Ok = 1,

    /// <summary>Ask the leader, if one is named; else later.</summary>
    NotLeader = 2,

    /// <summary>Too much is waiting, or leadership is changing: ask again.</summary>
    Busy = 3,

    /// <summary>No voter here that takes part: not born, not bound, faulted or stopping. The text says which.</summary>
    NotReady = 4,

    /// <summary>The request makes no sense, or is not allowed. The text says why; asking again does not help.</summary>
    Refused = 5,
}

/// <summary>An answer to a request.</summary>
internal sealed record Answer(AnswerStatus Status)
{
    /// <summary>Name of the leader's silo, if known.</summary>
    public string Leader { get; init; } = "";

    public ReadOnlyMemory<byte> Body { get; init; }

    public string Text { get; init; } = "";

    public byte[] Encode() => new Fields().Number(1, (int)Status).Text(2, Leader).Bytes(4, Body.Span).Text(5, Shortened(Text)).ToArray();

    public static Answer Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Answer");
        var answer = new Answer((AnswerStatus)0);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    answer = answer with { Status = (AnswerStatus)reader.Number(int.MaxValue) };
                    break;
                case 2:
                    answer = answer with { Leader = reader.Text() };
                    break;
                case 4:
                    answer = answer with { Body = reader.Bytes() };
                    break;
                case 5:
                    answer = answer with { Text = reader.Text() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return answer;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Status}{(Leader.Length > 0 ? $", leader {Leader}" : "")}{(Text.Length > 0 ? $": {Text}" : "")}";

    // Readers take texts of at most 1,024 bytes; 300 characters are fewer in any alphabet.
    private static string Shortened(string text) => text.Length <= 300 ? text : text[..300];
}
