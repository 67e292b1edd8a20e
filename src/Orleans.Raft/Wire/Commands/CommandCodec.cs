namespace Orleans.Raft.Wire;

/// <summary>
/// Many commands as the data of one entry (<c>lanes.proto</c>, CommandBatch). An entry without data is a new leader's and holds none.
/// The same contract as <see cref="RaftCodec"/>: reading throws nothing but <see cref="WireFormatException"/>.
/// </summary>
internal static class CommandCodec
{
    /// <summary>The format that this code writes, and the highest that it reads.</summary>
    public const int Format = 1;

    private const int FormatField = 1;
    private const int CommandsField = 2;
    private const int RegistrationField = 3;
    private const int MarkField = 4;
    private const int GuidBytes = 16;

    /// <summary>Encoded length of a command within a batch: what limits an entry's size.</summary>
    public static int Size(in Command command) => WireWriter.BytesFieldSize(ContentSize(command));

    /// <summary>Encodes a batch.</summary>
    public static byte[] Encode(ReadOnlySpan<Command> commands)
    {
        var size = WireWriter.NumberFieldSize(Format);
        foreach (ref readonly var command in commands)
        {
            size += Size(command);
        }

        var bytes = new byte[size];
        var writer = new WireWriter(bytes);
        writer.Number(FormatField, Format);
        foreach (ref readonly var command in commands)
        {
            writer.Length(CommandsField, ContentSize(command));
            writer.Number(1, command.Session);
            writer.Number(2, command.Sequence);
            writer.Number(3, command.LowWater);
            writer.Bytes(4, command.Payload.Span);
        }

        return bytes;
    }

    /// <summary>Encodes the registration of a session, which is an entry of its own.</summary>
    public static byte[] Encode(SessionRegistration registration)
    {
        var name = System.Text.Encoding.UTF8.GetByteCount(registration.Silo);
        var content = WireWriter.BytesFieldSize(GuidBytes) + WireWriter.BytesFieldSize(name);
        var bytes = new byte[WireWriter.NumberFieldSize(Format) + WireWriter.BytesFieldSize(content)];
        var writer = new WireWriter(bytes);
        writer.Number(FormatField, Format);
        writer.Length(RegistrationField, content);
        writer.Length(1, GuidBytes);
        registration.Nonce.TryWriteBytes(writer.Reserve(GuidBytes), bigEndian: true, out _);
        writer.Length(2, name);
        System.Text.Encoding.UTF8.GetBytes(registration.Silo, writer.Reserve(name));
        return bytes;
    }

    /// <summary>Encodes a mark, which is an entry of its own: every replica takes a checksum of its state there.</summary>
    public static byte[] EncodeMark(Guid mark) => new WireBuilder().Number(FormatField, Format).Identity(MarkField, mark).ToArray();

    /// <summary>The mark that an entry's data is; default when it is something else.</summary>
    /// <exception cref="WireFormatException">The bytes are no batch.</exception>
    public static Guid ReadMark(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "CommandBatch");
        while (reader.Next())
        {
            if (reader.Field == MarkField)
            {
                return reader.Identity();
            }

            reader.Skip();
        }

        return default;
    }

    /// <summary>The registration that an entry's data is, or null when it is commands.</summary>
    /// <exception cref="WireFormatException">The bytes are no batch.</exception>
    public static SessionRegistration? ReadRegistration(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "CommandBatch");
        while (reader.Next())
        {
            if (reader.Field == RegistrationField)
            {
                return ReadRegistrationContent(reader.Bytes());
            }

            reader.Skip();
        }

        return null;
    }

    /// <summary>
    /// Reads a whole batch to the end and counts its commands. After this the batch can be enumerated without an error, so
    /// that no entry is applied by half; it belongs before the proposal, too (SAFETY-RULES B13).
    /// </summary>
    /// <returns>Number of commands, or -1 where the format is newer than this code: an upgrade is needed to go on.</returns>
    /// <exception cref="WireFormatException">The bytes are no batch.</exception>
    public static int Validate(ReadOnlyMemory<byte> input)
    {
        if (ReadFormat(input) > Format)
        {
            return -1;
        }

        var count = 0;
        foreach (var command in Read(input))
        {
            count += command.Sequence >= 0 ? 1 : 0;
        }

        return count;
    }

    /// <summary>Goes through a batch's commands without allocating.</summary>
    /// <exception cref="WireFormatException">While enumerating: the bytes are no batch.</exception>
    public static Enumerator Read(ReadOnlyMemory<byte> input) => new(input);

    private static SessionRegistration ReadRegistrationContent(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "SessionRegistration");
        Guid nonce = default;
        var silo = "";
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    var bytes = reader.Bytes().Span;
                    if (bytes.Length != GuidBytes)
                    {
                        reader.Fail($"{GuidBytes} bytes", $"{bytes.Length}");
                    }

                    nonce = new Guid(bytes, bigEndian: true);
                    break;
                case 2:
                    silo = System.Text.Encoding.UTF8.GetString(reader.Bytes().Span);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new SessionRegistration(nonce, silo);
    }

    private static int ReadFormat(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "CommandBatch");
        var format = Format;
        while (reader.Next())
        {
            if (reader.Field == FormatField)
            {
                format = reader.Number(int.MaxValue);
            }
            else
            {
                reader.Skip();
            }
        }

        return format;
    }

    private static int ContentSize(in Command command) =>
        WireWriter.NumberFieldSize(command.Session)
        + WireWriter.NumberFieldSize(command.Sequence)
        + WireWriter.NumberFieldSize(command.LowWater)
        + WireWriter.BytesFieldSize(command.Payload.Length);

    private static Command ReadCommand(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Command");
        var command = default(Command);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    command = command with { Session = reader.Number() };
                    break;
                case 2:
                    command = command with { Sequence = reader.Number() };
                    break;
                case 3:
                    command = command with { LowWater = reader.Number() };
                    break;
                case 4:
                    command = command with { Payload = reader.Bytes() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return command;
    }

    /// <summary>The commands of a batch, in order.</summary>
    public ref struct Enumerator
    {
        private WireReader _reader;

        internal Enumerator(ReadOnlyMemory<byte> input) => _reader = new WireReader(input, "CommandBatch");

        /// <summary>The command found last.</summary>
        public Command Current { get; private set; }

        /// <summary>This enumerator: a batch is enumerated directly.</summary>
        public readonly Enumerator GetEnumerator() => this;

        /// <summary>Goes to the next command.</summary>
        public bool MoveNext()
        {
            while (_reader.Next())
            {
                if (_reader.Field == CommandsField)
                {
                    Current = ReadCommand(_reader.Bytes());
                    return true;
                }

                _reader.Skip();
            }

            return false;
        }
    }
}
