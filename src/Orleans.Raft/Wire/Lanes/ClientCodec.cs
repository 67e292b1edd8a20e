using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <summary>
/// What group clients and replicas say to each other (<c>lanes.proto</c>). Every field is written, also when it is 0.
/// The same contract as <see cref="RaftCodec"/>: reading throws nothing but <see cref="WireFormatException"/>.
/// </summary>
internal static class ClientCodec
{
    private const int GuidBytes = 16;
    private const int AnswersField = 3;

    /// <summary>Encodes answers.</summary>
    public static byte[] Encode(in AnswersBody body)
    {
        var size = WireWriter.NumberFieldSize(body.Session) + WireWriter.BytesFieldSize(GuidBytes);
        foreach (ref readonly var answer in body.Answers.AsSpan())
        {
            size += WireWriter.BytesFieldSize(Size(answer));
        }

        var bytes = new byte[size];
        var writer = new WireWriter(bytes);
        writer.Number(1, body.Session);
        writer.Length(2, GuidBytes);
        body.Nonce.TryWriteBytes(writer.Reserve(GuidBytes), bigEndian: true, out _);
        foreach (ref readonly var answer in body.Answers.AsSpan())
        {
            writer.Length(AnswersField, Size(answer));
            writer.Number(1, answer.Sequence);
            writer.Number(2, answer.IsExpired ? 1 : 0);
            writer.Bytes(3, answer.Data.Span);
        }

        return bytes;
    }

    /// <summary>Encodes a refusal.</summary>
    public static byte[] Encode(in RefusalBody body)
    {
        var builder = new WireBuilder().Number(1, body.Kind).Number(2, body.Leader.Value).Number(3, body.Term).Number(4, body.Session);
        foreach (var sequence in body.Sequences)
        {
            builder.Number(5, sequence);
        }

        return builder.ToArray();
    }

    /// <summary>Encodes a leader's message that its group sleeps.</summary>
    public static byte[] Encode(in SleepBody body) => new WireBuilder().Number(1, body.Term).Number(2, body.LastIndex).ToArray();

    /// <summary>Encodes a query.</summary>
    public static byte[] Encode(in QueryBody body)
    {
        var bytes = new byte[WireWriter.NumberFieldSize(body.Request) + WireWriter.BytesFieldSize(body.Data.Length)];
        var writer = new WireWriter(bytes);
        writer.Number(1, body.Request);
        writer.Bytes(2, body.Data.Span);
        return bytes;
    }

    /// <summary>Encodes a query's answer.</summary>
    public static byte[] Encode(in QueryAnswerBody body)
    {
        var bytes = new byte[
            WireWriter.NumberFieldSize(body.Request)
            + WireWriter.NumberFieldSize(body.Kind)
            + WireWriter.NumberFieldSize(body.Leader.Value)
            + WireWriter.NumberFieldSize(body.Term)
            + WireWriter.BytesFieldSize(body.Data.Length)];
        var writer = new WireWriter(bytes);
        writer.Number(1, body.Request);
        writer.Number(2, body.Kind);
        writer.Number(3, body.Leader.Value);
        writer.Number(4, body.Term);
        writer.Bytes(5, body.Data.Span);
        return bytes;
    }

    /// <summary>Reads answers; their data are slices of the input.</summary>
    /// <exception cref="WireFormatException">The bytes are no answers.</exception>
    public static AnswersBody ReadAnswers(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Answers");
        var answers = new CommandAnswer[reader.Count(AnswersField)];
        var session = 0L;
        Guid nonce = default;
        var next = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    session = reader.Number();
                    break;
                case 2:
                    var bytes = reader.Bytes().Span;
                    nonce = bytes.Length == GuidBytes ? new Guid(bytes, bigEndian: true) : default;
                    break;
                case AnswersField:
                    answers[next++] = ReadAnswer(reader.Bytes());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new AnswersBody(session, nonce, answers);
    }

    /// <summary>Reads a leader's message that its group sleeps.</summary>
    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public static SleepBody ReadSleep(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Sleep");
        var body = default(SleepBody);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    body = body with { Term = reader.Number() };
                    break;
                case 2:
                    body = body with { LastIndex = reader.Number() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return body;
    }

    /// <summary>Reads a refusal.</summary>
    /// <exception cref="WireFormatException">The bytes are no refusal.</exception>
    public static RefusalBody ReadRefusal(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Refusal");
        var body = default(RefusalBody);
        var sequences = new List<long>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    body = body with { Kind = reader.Number(int.MaxValue) };
                    break;
                case 2:
                    body = body with { Leader = new ReplicaId(reader.Number()) };
                    break;
                case 3:
                    body = body with { Term = reader.Number() };
                    break;
                case 4:
                    body = body with { Session = reader.Number() };
                    break;
                case 5:
                    sequences.Add(reader.Number());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return body with { Sequences = [.. sequences] };
    }

    /// <summary>Reads a query; its data is a slice of the input.</summary>
    /// <exception cref="WireFormatException">The bytes are no query.</exception>
    public static QueryBody ReadQuery(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Query");
        var body = default(QueryBody);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    body = body with { Request = reader.Number() };
                    break;
                case 2:
                    body = body with { Data = reader.Bytes() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return body;
    }

    /// <summary>Reads a query's answer; its data is a slice of the input.</summary>
    /// <exception cref="WireFormatException">The bytes are no answer.</exception>
    public static QueryAnswerBody ReadQueryAnswer(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "QueryAnswer");
        var body = default(QueryAnswerBody);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    body = body with { Request = reader.Number() };
                    break;
                case 2:
                    body = body with { Kind = reader.Number(int.MaxValue) };
                    break;
                case 3:
                    body = body with { Leader = new ReplicaId(reader.Number()) };
                    break;
                case 4:
                    body = body with { Term = reader.Number() };
                    break;
                case 5:
                    body = body with { Data = reader.Bytes() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return body;
    }

    private static int Size(in CommandAnswer answer) =>
        WireWriter.NumberFieldSize(answer.Sequence) + WireWriter.NumberFieldSize(1) + WireWriter.BytesFieldSize(answer.Data.Length);

    private static CommandAnswer ReadAnswer(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "CommandAnswer");
        var answer = default(CommandAnswer);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    answer = answer with { Sequence = reader.Number() };
                    break;
                case 2:
                    answer = answer with { IsExpired = reader.Boolean() };
                    break;
                case 3:
                    answer = answer with { Data = reader.Bytes() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return answer;
    }
}
