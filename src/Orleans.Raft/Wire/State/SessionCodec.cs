using System.Text;

namespace Orleans.Raft.Wire;

/// <summary>A session as it is stored.</summary>
/// <param name="Nonce">By which its registrant finds it.</param>
/// <param name="Silo">Who registered it.</param>
/// <param name="LowWater">Sequences below it are expired.</param>
/// <param name="LastUsed">Index of the last entry that named it.</param>
internal readonly record struct SessionValue(Guid Nonce, string Silo, long LowWater, long LastUsed);

/// <summary>Sessions in the state store (<c>meta.proto</c>, SessionValue).</summary>
internal static class SessionCodec
{
    /// <summary>Encodes a session.</summary>
    public static byte[] Encode(in SessionValue value) =>
        new WireBuilder().Identity(1, value.Nonce).Text(2, value.Silo).Number(3, value.LowWater).Number(4, value.LastUsed).ToArray();

    /// <summary>Reads a session.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static SessionValue Read(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(SessionValue));
        var value = new SessionValue(default, "", 0, 0);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    value = value with { Nonce = reader.Identity() };
                    break;
                case 2:
                    value = value with { Silo = Encoding.UTF8.GetString(reader.Bytes().Span) };
                    break;
                case 3:
                    value = value with { LowWater = reader.Number() };
                    break;
                case 4:
                    value = value with { LastUsed = reader.Number() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return value;
    }
}
