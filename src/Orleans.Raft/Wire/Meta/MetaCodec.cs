using System.Collections.Immutable;
using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <summary>
/// The meta group's values (<c>meta.proto</c>). The same contract as <see cref="RaftCodec"/>: reading throws nothing but
/// <see cref="WireFormatException"/>.
/// </summary>
internal static partial class MetaCodec
{
    /// <summary>Encodes a genesis.</summary>
    public static byte[] Encode(Genesis value)
    {
        var builder = new WireBuilder().Identity(1, value.Incarnation);
        foreach (var silo in value.Silos)
        {
            builder.Nested(2, Encode(silo));
        }

        return builder.ToArray();
    }

    /// <summary>Encodes a catalog.</summary>
    public static byte[] Encode(Catalog value)
    {
        var builder = new WireBuilder().Identity(1, value.Cluster).Number(2, value.Version);
        foreach (var silo in value.Silos)
        {
            builder.Nested(3, Encode(silo));
        }

        foreach (var family in value.Families)
        {
            builder.Nested(4, Encode(family));
        }

        foreach (var placement in value.Placements.Values.OrderBy(placement => placement.Group.Name, StringComparer.Ordinal).ThenBy(placement => placement.Group.Index))
        {
            builder.Nested(5, Encode(placement));
        }

        return builder.Number(6, value.FeatureLevel).ToArray();
    }

    /// <summary>Encodes a silo's own record.</summary>
    public static byte[] Encode(MetaRecord value)
    {
        var builder = new WireBuilder().Nested(1, Encode(value.Genesis));
        foreach (var family in value.CreatedFamilies)
        {
            builder.Text(2, family);
        }

        builder.Number(3, value.Replica.Value);
        foreach (var member in value.Members)
        {
            builder.Nested(4, Encode(member));
        }

        return builder.Number(5, value.IsRecovering ? 1 : 0).Number(6, value.IsRecovered ? 1 : 0).ToArray();
    }

    /// <summary>Reads a genesis.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static Genesis ReadGenesis(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(Genesis));
        Guid incarnation = default;
        var silos = ImmutableArray.CreateBuilder<SiloBinding>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    incarnation = reader.Identity();
                    break;
                case 2:
                    silos.Add(ReadBinding(reader.Bytes()));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new Genesis(incarnation, silos.ToImmutable());
    }

    /// <summary>Reads a catalog.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static Catalog ReadCatalog(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(Catalog));
        Guid cluster = default;
        var version = 0L;
        var silos = ImmutableArray.CreateBuilder<SiloBinding>();
        var families = ImmutableArray.CreateBuilder<CatalogFamily>();
        var level = 0;
        var placements = ImmutableDictionary.CreateBuilder<RaftGroupId, GroupPlacement>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    cluster = reader.Identity();
                    break;
                case 2:
                    version = reader.Number();
                    break;
                case 3:
                    silos.Add(ReadBinding(reader.Bytes()));
                    break;
                case 4:
                    families.Add(ReadFamily(reader.Bytes()));
                    break;
                case 5:
                    var placement = ReadPlacement(reader.Bytes());
                    placements[placement.Group] = placement;
                    break;
                case 6:
                    level = (int)Math.Min(reader.Number(), int.MaxValue);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new Catalog(cluster, version, silos.ToImmutable(), families.ToImmutable(), placements.ToImmutable()) { FeatureLevel = level };
    }

    /// <summary>Reads a silo's own record.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static MetaRecord ReadRecord(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(MetaRecord));
        Genesis? genesis = null;
        var families = ImmutableArray.CreateBuilder<string>();
        var members = ImmutableArray.CreateBuilder<PlacedReplica>();
        var replica = ReplicaId.None;
        var (isRecovering, isRecovered) = (false, false);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    genesis = ReadGenesis(reader.Bytes());
                    break;
                case 2:
                    families.Add(ReadText(ref reader));
                    break;
                case 3:
                    replica = new ReplicaId(reader.Number());
                    break;
                case 4:
                    members.Add(ReadPlaced(reader.Bytes()));
                    break;
                case 5:
                    isRecovering = reader.Boolean();
                    break;
                case 6:
                    isRecovered = reader.Boolean();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (genesis is null)
        {
            reader.Fail("a genesis", "none");
        }

        return new MetaRecord(genesis, families.ToImmutable(), replica, members.ToImmutable())
        {
            IsRecovering = isRecovering,
            IsRecovered = isRecovered,
        };
    }

    private static byte[] Encode(SiloBinding value) => new WireBuilder()
        .Number(1, value.Replica.Value).Text(2, value.Silo).Identity(3, value.Store).Number(4, value.OpenCounter).Identity(5, value.Life)
        .Number(6, value.IsRetired ? 1 : 0).Number(7, value.FeatureLevel).ToArray();

    /// <summary>Encodes a family.</summary>
    public static byte[] Encode(CatalogFamily value)
    {
        var builder = new WireBuilder()
            .Text(1, value.Name).Number(2, value.Groups).Number(3, value.ReplicationFactor).Number(4, value.Incarnation);
        foreach (var silo in value.Silos)
        {
            builder.Text(5, silo);
        }

        return builder.ToArray();
    }

    private static SiloBinding ReadBinding(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(SiloBinding));
        var value = new SiloBinding(default, "", default, 0, default);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    value = value with { Replica = new ReplicaId(reader.Number()) };
                    break;
                case 2:
                    value = value with { Silo = ReadText(ref reader) };
                    break;
                case 3:
                    value = value with { Store = reader.Identity() };
                    break;
                case 4:
                    value = value with { OpenCounter = reader.Number() };
                    break;
                case 5:
                    value = value with { Life = reader.Identity() };
                    break;
                case 6:
                    value = value with { IsRetired = reader.Number() != 0 };
                    break;
                case 7:
                    value = value with { FeatureLevel = (int)Math.Min(reader.Number(), int.MaxValue) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return value;
    }

    /// <summary>Reads a family.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static CatalogFamily ReadFamily(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(CatalogFamily));
        var value = new CatalogFamily("", 0, 0, 0, []);
        var silos = ImmutableArray.CreateBuilder<string>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    value = value with { Name = ReadText(ref reader) };
                    break;
                case 2:
                    value = value with { Groups = reader.Number(int.MaxValue) };
                    break;
                case 3:
                    value = value with { ReplicationFactor = reader.Number(int.MaxValue) };
                    break;
                case 4:
                    value = value with { Incarnation = reader.Number() };
                    break;
                case 5:
                    silos.Add(ReadText(ref reader));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return value with { Silos = silos.ToImmutable() };
    }

    private static string ReadText(ref WireReader reader) => Encoding.UTF8.GetString(reader.Bytes().Span);
}
