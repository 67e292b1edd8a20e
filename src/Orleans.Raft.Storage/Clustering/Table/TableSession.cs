using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Answers that a caller may still ask for again (SAFETY-RULES A3). Part of the replicated state.</summary>
internal sealed class TableSession(long id)
{
    /// <summary>Most answers kept; beyond it the oldest are forgotten, and asking for them gives <see cref="TableResult.Expired"/>.</summary>
    public const int MaxAnswers = 256;

    private readonly SortedDictionary<long, TableOutcome> _answers = [];

    /// <summary>Index of the entry that opened it.</summary>
    public long Id { get; } = id;

    /// <summary>Index of the last entry that used it.</summary>
    public long LastUsed { get; private set; } = id;

    /// <summary>Sequences below are forgotten.</summary>
    public long LowWater { get; private set; }

    /// <summary>The remembered answer, or that it is forgotten; false when the command is new.</summary>
    public bool TryAnswer(long sequence, out TableOutcome outcome)
    {
        outcome = new TableOutcome(TableResult.Expired);
        return sequence < LowWater || _answers.TryGetValue(sequence, out outcome);
    }

    /// <summary>Remembers an answer and forgets what the caller has received.</summary>
    public void Remember(TableCommand command, TableOutcome outcome, long index)
    {
        _answers[command.Sequence] = outcome;
        LastUsed = index;
        LowWater = Math.Max(LowWater, Math.Min(command.LowWater, command.Sequence));
        while (_answers.Count > 0)
        {
            var oldest = _answers.Keys.First();
            if (oldest >= LowWater && _answers.Count <= MaxAnswers)
            {
                break;
            }

            _answers.Remove(oldest);
            LowWater = Math.Max(LowWater, oldest + 1);
        }
    }

    public byte[] Encode()
    {
        var fields = new Fields().Number(1, Id).Number(2, LastUsed).Number(3, LowWater);
        foreach (var (sequence, outcome) in _answers)
        {
            fields.Bytes(4, new Fields().Number(1, sequence).Number(2, (int)outcome.Result).Number(3, outcome.Value).Span, always: true);
        }

        return fields.ToArray();
    }

    public static TableSession Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Session");
        var (id, lastUsed, lowWater) = (0L, 0L, 0L);
        var answers = new List<(long Sequence, TableOutcome Outcome)>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    id = reader.Number();
                    break;
                case 2:
                    lastUsed = reader.Number();
                    break;
                case 3:
                    lowWater = reader.Number();
                    break;
                case 4:
                    answers.Add(DecodeAnswer(reader.Bytes()));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        var session = new TableSession(id) { LastUsed = lastUsed, LowWater = lowWater };
        foreach (var (sequence, outcome) in answers)
        {
            session._answers[sequence] = outcome;
        }

        return session;
    }

    private static (long Sequence, TableOutcome Outcome) DecodeAnswer(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Remembered");
        var (sequence, result, value) = (0L, TableResult.Expired, 0L);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    sequence = reader.Number();
                    break;
                case 2:
                    result = (TableResult)reader.Number((int)TableResult.Expired);
                    break;
                case 3:
                    value = reader.Number();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return (sequence, new TableOutcome(result, value));
    }
}
