using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>
/// Groups as configuration spells them out: each family's groups spread over the initial silos in turn. Thin: the meta group of
/// SAFETY-RULES A1 replaces it, since configuration that drifts between silos makes two databases of one name.
/// </summary>
internal static class ConfiguredGroups
{
    /// <summary>The groups of a family.</summary>
    /// <param name="serviceId">Goes into the incarnation, so that two services never talk to each other's groups.</param>
    /// <param name="initialSilos">All silos that hold replicas; a silo's place in the list is its replica number.</param>
    /// <param name="name">Family name.</param>
    /// <param name="count">Number of groups.</param>
    /// <param name="replicationFactor">Replicas of each group; as many as there are silos if there are fewer.</param>
    public static IEnumerable<GroupDescriptor> Family(
        string serviceId, IReadOnlyList<string> initialSilos, string name, int count, int replicationFactor)
    {
        var factor = Math.Min(replicationFactor, initialSilos.Count);
        for (var index = 0; index < count; index++)
        {
            var id = new RaftGroupId(name, index);
            var members = new List<GroupMember>(factor);
            for (var i = 0; i < factor; i++)
            {
                var position = (index + i) % initialSilos.Count;
                members.Add(new GroupMember(new ReplicaId(position + 1), initialSilos[position]));
            }

            yield return new GroupDescriptor(id, Incarnation(serviceId, initialSilos, id, factor), members);
        }
    }

    private static long Incarnation(string serviceId, IReadOnlyList<string> initialSilos, RaftGroupId id, int factor)
    {
        var text = $"{serviceId}\n{string.Join('\n', initialSilos)}\n\n{id}\n{factor}";
        return BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))) & long.MaxValue;
    }
}
